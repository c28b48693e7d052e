use channel_runtime::{channel, channels};

#[channel("/game")]
struct Game;
#[channel]
impl Game {}

type Board = Game;

fn main() {
    channels![Game, Board].app(());
}
