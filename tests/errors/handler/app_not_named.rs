use channel_runtime::{channel, message};

#[message(type = "bid")]
struct Bid {}

#[derive(Clone)]
struct Sold;

struct App;

#[channel("/lot")]
struct Lot;

#[channel]
impl Lot {
    async fn on_connect(&mut self, app: &App) {}

    #[message]
    async fn bid(&mut self, bid: Bid, app: &App) {}

    #[notice]
    fn sold(&mut self, sold: Sold, app: &App) {}

    fn on_close(&mut self, app: &App) {}
}

fn main() {}
