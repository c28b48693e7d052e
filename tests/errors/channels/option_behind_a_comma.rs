use channel_runtime::{channel, channels};

#[channel("/game")]
struct Game;
#[channel]
impl Game {}

fn main() {
    channels![Game, lock = "channels.lock"].app(());
}
