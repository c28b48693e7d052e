use channel_runtime::{Socket, channel};

#[derive(Default)]
pub struct Table;

#[channel("/table", room_state = Table)]
pub struct Game;

#[channel]
impl Game {
    async fn on_connect(&mut self, table: &Table, socket: &Socket<Self>) {}
}

fn main() {}
