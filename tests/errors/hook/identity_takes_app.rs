use channel_runtime::{channel};

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    fn identity(&self, _: &()) -> String {
        "anna".into()
    }
}

fn main() {}
