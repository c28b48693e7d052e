use channel_runtime::{channel, channels};

#[channel("/chat")]
struct Chat;

#[channel]
impl Chat {}

struct Game;

fn main() {
    channels![Chat, Game; cluster].alone().app(());
}
