use channel_runtime::{channel, channels};

#[channel("/chat")]
struct Chat;

#[channel]
impl Chat {}

fn main() {
    channels![Chat, cluster, lock = "channels.lock"].alone().app(());
}
