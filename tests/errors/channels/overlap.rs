use channel_runtime::{channel, channels};

#[channel("/game/:id")]
struct ById {
    id: u32,
}
#[channel]
impl ById {}

#[channel("/game/lobby")]
struct Lobby;
#[channel]
impl Lobby {}

#[channel("/game/:name")]
struct ByName {
    name: String,
}
#[channel]
impl ByName {}

#[channel("/:area/lobby")]
struct AnyLobby {
    area: String,
}
#[channel]
impl AnyLobby {}

fn main() {
    channels![ById, Lobby, ByName, AnyLobby].app(());
}
