use channel_runtime::channel;
use elsewhere::Plain;

#[channel("/game/:id", rooms(Plain), room_state = Plain)]
struct Game {
    id: Plain,
    #[extract]
    user: Plain,
    #[state]
    count: Plain,
}

#[channel]
impl Game {}

fn main() {}
