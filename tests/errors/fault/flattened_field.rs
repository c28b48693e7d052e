use channel_runtime::Fault;

#[derive(serde::Serialize)]
struct Limits {
    least: u64,
}

#[derive(Fault)]
enum BidError {
    #[fault("bid.too_low", "bid more")]
    TooLow {
        #[serde(flatten)]
        limits: Limits,
    },
}

fn main() {}
