use channel_runtime::channel;

#[channel("/game")]
struct Game;

#[channel(room_grace = "30s")]
impl Game {}

fn main() {}
