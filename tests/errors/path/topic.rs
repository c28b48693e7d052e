use channel_runtime::channel;

#[channel("room:*")]
struct Rooms {
    name: String,
}

#[channel("/game:*")]
struct Games {
    name: String,
}

#[channel("room:lobby")]
struct Lobby;

#[channel]
impl Rooms {}

#[channel]
impl Games {}

#[channel]
impl Lobby {}

fn main() {}
