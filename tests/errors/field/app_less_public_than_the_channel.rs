use channel_runtime::channel;

struct App;

#[channel("/game", app = App)]
pub struct Game;

#[channel]
impl Game {}

fn main() {}
