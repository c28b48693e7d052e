use channel_runtime::{Fault, Text, Token, channel};

#[channel("/game")]
struct Game;

#[channel(sends(Text))]
impl Game {
    fn on_text(&mut self, text: Text) -> Text {
        text
    }

    async fn on_refresh(&mut self, _token: Token) -> Result<(), Fault> {
        Ok(())
    }
}

fn main() {}
