use channel_runtime::{channel, channels};

struct Game;

#[channel]
impl Game {}

fn main() {
    channels![Game].app(());
}
