use channel_runtime::Fault;

struct Lot;

#[derive(Fault)]
enum BidError {
    #[fault("bid.closed", "the auction is over")]
    Closed { lot: Lot },
}

fn main() {}
