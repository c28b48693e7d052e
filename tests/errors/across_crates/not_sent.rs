use channel_runtime::{Hub, Socket, channel, message};
use elsewhere::Lobby;

#[message(type = "news")]
struct News;

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    #[message(type = "tell")]
    fn tell(&self, socket: &Socket<Self>) {
        socket.hub_of::<Lobby>().all().send(News);
    }
}

fn from_outside(lobbies: &Hub<Lobby>) {
    lobbies.all().send(elsewhere::MovedToo);
}

fn main() {}
