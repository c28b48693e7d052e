use channel_runtime::{channel, message};

#[message(type = "move")]
struct Move {
    from: String,
}

#[channel("/game")]
struct Game;

#[channel(sends(Move))]
impl Game {
    #[message]
    fn play(&mut self, m: Move) -> Move {
        m
    }
}

#[channel]
impl Game {
    #[message(type = "resign")]
    fn resign(&mut self) {}

    fn on_connect(&mut self) {}
}

mod another {
    use channel_runtime::channel;

    #[channel("/game/another")]
    struct Game;

    #[channel]
    impl Game {
        #[message(type = "resign")]
        fn resign(&mut self) {}
    }
}

fn main() {}
