use channel_runtime::{channel};

struct User;

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    fn identity(&self) -> User {
        User
    }
}

fn main() {}
