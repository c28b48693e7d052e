use channel_runtime::{channel};

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    async fn identity(&self) -> String {
        "anna".into()
    }
}

fn main() {}
