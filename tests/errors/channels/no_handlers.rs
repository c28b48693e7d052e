use channel_runtime::{channel, channels};

#[channel("/game")]
struct Game;

fn main() {
    channels![Game].app(());
}
