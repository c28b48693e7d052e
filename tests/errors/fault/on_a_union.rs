use channel_runtime::Fault;

#[derive(Fault)]
union BidError {
    least: u64,
}

fn main() {}
