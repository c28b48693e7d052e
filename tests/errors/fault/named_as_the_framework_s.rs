#[derive(channel_runtime::Fault)]
enum Fault {
    #[fault("bid.closed", "the auction is over")]
    Closed,
}

fn main() {}
