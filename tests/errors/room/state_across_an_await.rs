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
    async fn begin(&self, socket: &Socket<Self>) {
        socket.room().with(|table, _| async move { table.games += 1 }).await;
    }

    #[message(type = "end")]
    async fn end(&self, socket: &Socket<Self>) {
        let socket = socket.clone();
        socket.room().with(async |table, _| table.games -= 1).await;
    }
}

fn main() {}
