use channel_runtime::{Fault, Text, channel};

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    async fn on_text(&mut self, text: Text) -> Result<Text, Fault> {
        Ok(text)
    }
}

fn main() {}
