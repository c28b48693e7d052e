use channel_runtime::Fault;

#[derive(Fault)]
#[fault("bid.failed", "the bid failed")]
enum BidError {
    #[fault("bid.closed", "the auction is over")]
    Closed,
}

fn main() {}
