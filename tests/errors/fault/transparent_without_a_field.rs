use channel_runtime::Fault;

#[derive(Fault)]
enum BidError {
    #[fault(transparent)]
    Other,
}

fn main() {}
