use channel_runtime::envelope::{Envelope, Incoming, Malformed, Out, Outgoing, Places};
use channel_runtime::{Batched, Fault, channel, message};

enum Pairs {}

impl Envelope for Pairs {
    const NAME: &'static str = "pairs";
    const PLACES: Places = Places::NONE;

    fn read(_: &str) -> Result<Incoming<'_>, Malformed> {
        Err(Malformed::new("nothing is read"))
    }

    fn write(_: &Outgoing<'_>, _: &mut Out<'_>) {}
}

#[message(type = "move")]
struct Move {
    to: String,
}

#[channel("/pairs")]
struct Board;

#[channel(envelope = Pairs)]
impl Board {
    #[message(batch(size = 10, wait = "100ms"))]
    async fn moves(batch: Vec<Batched<Self, Move>>) -> Result<(), Fault> {
        drop(batch);
        Ok(())
    }
}

fn main() {}
