use channel_runtime::channel;

#[channel("/game", room_grace = "30")]
struct Game;

#[channel]
impl Game {}

fn main() {}
