use channel_runtime::{channel, channels, message};
use std::fmt;

#[channel("/chat/:room", history)]
struct Chat {
    room: String,
}

#[channel]
impl Chat {}

#[derive(Default)]
struct Lots(Vec<u64>);

struct Lot(u64);

impl fmt::Display for Lot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[message(type = "bid")]
struct Bid {
    amount: u64,
}

#[channel("/auction/:name", room_state = Lots, rooms(Lot(history)))]
struct Auction {
    name: String,
}

#[channel]
impl Auction {
    fn identity(&self) -> &String {
        &self.name
    }

    #[message(idempotent)]
    fn bid(&mut self, _: Bid) {}
}

#[channel("/shop/:name")]
struct Shop {
    name: String,
}

#[channel]
impl Shop {
    fn identity(&self) -> &String {
        &self.name
    }

    #[message(type = "buy", idempotent)]
    fn buy(&mut self) {}
}

fn main() {
    channels![Chat, Auction, Shop; cluster].alone().app(());
}
