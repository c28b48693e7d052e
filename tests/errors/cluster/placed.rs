use channel_runtime::{channel, channels};

#[derive(Default)]
struct Board;

#[channel("/game/:id", room_state = Board, placed)]
struct Game {
    id: u64,
}

#[channel]
impl Game {}

fn main() {
    channels![Game; cluster].alone().app(());
}
