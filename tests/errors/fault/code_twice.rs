use channel_runtime::Fault;

#[derive(Fault)]
enum BidError {
    #[fault("bid.closed", "the auction is over")]
    Closed,
    #[fault("bid.closed", "the lot is sold")]
    Sold,
}

fn main() {}
