use std::sync::Arc;

use channel_runtime::{channel, message};

struct App;

#[message(type = "bid")]
struct Bid {}

#[channel("/lots")]
struct Lot;

#[channel]
impl Lot {
    #[message]
    async fn bid(&mut self, _: Bid, _app: &Arc<App>) {}

    fn on_connect(&mut self, _app: &App) {}
}

fn main() {}
