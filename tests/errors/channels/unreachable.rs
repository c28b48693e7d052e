use channel_runtime::{channel, channels};

#[channel("/game/lobby")]
struct Lobby;
#[channel]
impl Lobby {}

#[channel("/game/lobby")]
struct Hall;
#[channel]
impl Hall {}

fn main() {
    channels![Lobby, Hall].app(());
}
