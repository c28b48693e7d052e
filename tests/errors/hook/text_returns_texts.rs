use channel_runtime::{Fault, Text, channel};

#[channel("/game")]
struct Game;

#[channel(sends(Text))]
impl Game {
    async fn on_text(&mut self, text: Text) -> Result<Vec<Text>, Fault> {
        Ok(text.lines().map(Text::from).collect())
    }
}

fn main() {}
