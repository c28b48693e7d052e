use channel_runtime::{channel, channels};

#[channel("/game", crate = "channel_runtime")]
struct Game;
#[channel(crate)]
impl Game {}

fn main() {
    channels![Game; crate = 7].app(());
}
