use channel_runtime::Fault;

#[derive(Fault)]
enum LotError {
    #[fault("lot.closed", "the auction is over")]
    Closed,
}

#[derive(Fault)]
enum BidError {
    #[fault("lot.closed", "nobody bids any more")]
    Closed,
    #[fault(transparent)]
    Lot(LotError),
}

fn main() {}
