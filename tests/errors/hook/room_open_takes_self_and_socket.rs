use channel_runtime::{Fault, Socket, channel};

#[derive(Default)]
pub struct Table;

#[channel("/table", room_state = Table)]
pub struct Game;

#[channel]
impl Game {
    async fn on_room_open(&mut self, socket: &Socket<Self>) -> Result<Table, Fault> {
        Ok(Table)
    }
}

fn main() {}
