use channel_runtime::{channel};

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    #[message(type = "success")]
    async fn succeed(&mut self) {}

    #[message(type = "$leave")]
    async fn leave(&mut self) {}

    #[message(type = "")]
    async fn nothing(&mut self) {}
}

fn main() {}
