use channel_runtime::{channel};

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    #[cfg(not(any()))]
    fn identity(&self) -> String {
        "anna".into()
    }
}

fn main() {}
