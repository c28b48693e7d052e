use channel_runtime::channel;

pub struct App;

pub struct Table;

#[channel("/table/:id", app = App, room_state = Table)]
pub struct Game {
    id: u32,
}

#[channel]
impl Game {
    async fn on_room_open(id: &u32, app: &App) -> Table {
        Table
    }
}

fn main() {}
