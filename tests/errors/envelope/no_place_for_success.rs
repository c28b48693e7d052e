use channel_runtime::envelope::{Envelope, Incoming, Malformed, Out, Outgoing, Places};
use channel_runtime::{Success, channel};

enum Pairs {}

impl Envelope for Pairs {
    const NAME: &'static str = "pairs";
    const PLACES: Places = Places::NONE;

    fn read(_: &str) -> Result<Incoming<'_>, Malformed> {
        Err(Malformed::new("nothing is read"))
    }

    fn write(_: &Outgoing<'_>, _: &mut Out<'_>) {}
}

#[channel("/pairs")]
struct Board;

#[channel(envelope = Pairs)]
impl Board {
    #[message(type = "count")]
    fn count(&self) -> Option<Success<u32>> {
        Some(Success(7))
    }
}

fn main() {}
