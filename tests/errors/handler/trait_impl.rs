use channel_runtime::channel;

#[channel("/game")]
struct Game;

trait Play {
    fn leave(&mut self);
}

#[channel]
impl Play for Game {
    #[message(type = "leave")]
    fn leave(&mut self) {}
}

fn main() {}
