use channel_runtime::{channel, message};

#[message(type = "ask")]
struct Ask;

#[message(type = "told")]
struct Told;

struct Sum;

#[channel("/game")]
struct Game;

#[channel(sends(Told))]
impl Game {
    #[message]
    async fn ask(&mut self, _: Ask) -> Result<Sum, String> {
        Err("no".into())
    }
}

fn main() {}
