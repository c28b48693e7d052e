use channel_runtime::Fault;

#[derive(Fault)]
enum BidError {
    #[fault("bid.closed")]
    Closed,
}

fn main() {}
