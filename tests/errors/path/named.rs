use channel_runtime::{Room, channel};

pub struct App;

#[derive(Default)]
pub struct Table;

#[channel(path = "/game", app = &App, state = Table)]
struct Game;

#[channel]
impl Game {
    fn on_room_close(_: &Room<Self>, _: Table, _: &App) {}
}

fn main() {}
