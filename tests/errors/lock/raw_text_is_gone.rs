use channel_runtime::{Text, channel, channels};

#[channel("/echo")]
struct Echo;

#[channel(sends(Text))]
impl Echo {
    fn on_text(&mut self, text: Text) -> Text {
        text
    }
}

#[channel("/feed")]
struct Feed;

#[channel]
impl Feed {}

fn main() {
    channels![Echo, Feed; lock = "raw_text_is_gone.lock"].app(());
}
