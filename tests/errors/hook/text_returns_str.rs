use channel_runtime::{Text, channel};

#[channel("/game")]
struct Game;

#[channel(sends(Text))]
impl Game {
    fn on_text(&mut self, text: Text) -> &'static str {
        drop(text);
        "OK"
    }
}

fn main() {}
