use channel_runtime::{channel, message};

#[message(type = "move")]
struct Move {
    from: String,
}

#[channel("/game")]
struct Game;

#[channel]
impl Game {
    #[message]
    async fn make_move(&mut self, _: Move) -> u32 {
        7
    }

    #[message(type = "resign")]
    fn resign(&self) -> Result<(), std::io::Error> {
        Ok(())
    }
}

fn main() {}
