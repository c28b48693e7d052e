use channel_runtime::{Room, channel};

pub struct App;

#[derive(Default)]
pub struct Table;

#[channel("/table/:id", app = App, room_state = Table)]
pub struct Game {
    id: u32,
}

#[channel]
impl Game {
    async fn on_room_close(room: &Room<Self>, state: &Table, app: &App) {}
}

fn main() {}
