use std::sync::Arc;

use channel_runtime::{channel, message};

struct App;
struct Db;

#[message(type = "bid")]
struct Bid {}

#[channel("/lots", app = App)]
struct Lot;

#[channel]
impl Lot {
    #[message]
    async fn bid(&mut self, _: Bid, _db: &Arc<Db>) {}
}

fn main() {}
