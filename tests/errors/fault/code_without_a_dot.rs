use channel_runtime::Fault;

#[derive(Fault)]
enum BidError {
    #[fault("closed", "the auction is over")]
    Closed,
}

fn main() {}
