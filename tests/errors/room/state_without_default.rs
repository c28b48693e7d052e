use channel_runtime::channel;

struct Board(u8);

#[channel("/game", room_state = Board)]
struct Game;

#[channel]
impl Game {}

fn main() {}
