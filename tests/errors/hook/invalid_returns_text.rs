use channel_runtime::{channel};

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    async fn on_invalid(&mut self) -> String {
        "what?".into()
    }
}

fn main() {}
