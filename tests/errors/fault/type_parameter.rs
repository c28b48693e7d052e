use channel_runtime::Fault;

#[derive(Fault)]
enum BidError<T> {
    #[fault("bid.too_low", "bid {least} or more")]
    TooLow { least: T },
}

fn main() {}
