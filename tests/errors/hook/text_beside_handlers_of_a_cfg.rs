use channel_runtime::{Text, channel, message};

#[message(type = "say")]
struct Say {
    text: String,
}

#[channel("/game")]
struct Game;

#[channel(sends(Text))]
impl Game {
    #[cfg(not(any()))]
    fn on_text(&mut self, text: Text) -> Text {
        text
    }

    #[message]
    fn say(&mut self, say: Say) {
        drop(say.text);
    }

    #[cfg(any())]
    #[message(type = "resign")]
    fn resign(&mut self) {}
}

fn main() {}
