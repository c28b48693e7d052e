use channel_runtime::{channel};

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    async fn on_connect(&mut self) {
        let shared = std::rc::Rc::new(7);
        std::future::ready(()).await;
        drop(shared);
    }
}

fn main() {}
