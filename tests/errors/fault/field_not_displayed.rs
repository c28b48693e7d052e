use channel_runtime::Fault;

#[derive(serde::Serialize)]
struct Lot;

#[derive(Fault)]
enum BidError {
    #[fault("bid.closed", "{lot} is sold")]
    Closed { lot: Lot },
}

fn main() {}
