use channel_runtime::{Text, channel};

#[channel("/lines", history)]
struct Lines;

#[channel]
impl Lines {
    fn on_text(&mut self, _: Text) {}
}

fn main() {}
