use channel_runtime::{Socket, channel};

#[derive(Default)]
struct Table {
    games: u32,
}

#[channel("/game", room_state = Table)]
struct Game;

#[channel]
impl Game {
    #[message(type = "begin")]
    fn begin(&self, socket: &Socket<Self>) {
        socket.room().with(|table| table.games += 1);
    }
}

fn main() {}
