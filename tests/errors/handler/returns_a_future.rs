use std::future::Future;
use std::pin::Pin;

use channel_runtime::{channel, message};

#[message(type = "move")]
struct Move {
    from: String,
}

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    #[message]
    fn make_move(&mut self, _: Move) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }

    fn on_connect(&mut self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(std::future::ready(()))
    }
}

fn main() {}
