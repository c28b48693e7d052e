use channel_runtime::channel;

#[channel("/auction/:name")]
struct Auction {
    name: String,
}

#[channel]
impl Auction {
    fn identity(&self) -> &String {
        &self.name
    }

    #[message(type = "bid", idempotent = true)]
    fn bid(&mut self) {}

    #[message(type = "sell", idempotant)]
    fn sell(&mut self) {}
}

fn main() {}
