use channel_runtime::{channel, channels, message};

#[message(type = "move")]
struct Move {
    from: String,
}

#[channel("/game")]
struct Game;

// The mistake is told, and not what the lock would say of the channel without it.
#[channel]
impl Game {
    #[message]
    fn make_move(&mut self, _: Move) {}

    fn on_conect(&mut self) {}
}

fn main() {
    channels![Game; lock = "beside_another_mistake.lock"].app(());
}
