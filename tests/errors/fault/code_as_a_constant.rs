use channel_runtime::Fault;

const CLOSED: &str = "bid.closed";

#[derive(Fault)]
enum BidError {
    #[fault(CLOSED, "the auction is over")]
    Closed,
}

fn main() {}
