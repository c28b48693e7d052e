use channel_runtime::message;

struct Game;

impl Game {
    #[message(type = "leave")]
    fn leave(&self) {}
}

fn main() {}
