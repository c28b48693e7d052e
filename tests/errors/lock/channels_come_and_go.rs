use channel_runtime::{channel, channels};

#[channel("/chat")]
struct Chat;

#[channel]
impl Chat {}

#[channel("/lobby")]
struct Lobby;

#[channel]
impl Lobby {}

fn main() {
    channels![Chat, Lobby; lock = "channels_come_and_go.lock"].app(());
}
