use channel_runtime::{Socket, channel};
use elsewhere::Lobby;

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    #[message(type = "count")]
    fn count(&self, socket: &Socket<Self>) {
        socket.room_of(&Lobby::room("hall")).len();
    }
}

fn main() {}
