use channel_runtime::channel;
use elsewhere::Plain;

#[channel("/game")]
struct Game;

#[channel(sends(Plain))]
impl Game {
    #[message]
    fn plain(&self, _: elsewhere::Plain) {}
}

fn main() {}
