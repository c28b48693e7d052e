use channel_runtime::envelope::{Envelope, Incoming, Malformed, Out, Outgoing, Places};
use channel_runtime::{Bytes, DecodeError, Fault, Success, channel};

enum Pairs {}

impl Envelope for Pairs {
    const NAME: &'static str = "pairs";
    const PLACES: Places = Places::NONE;

    fn read(_: &str) -> Result<Incoming<'_>, Malformed> {
        Err(Malformed::new("nothing is read"))
    }

    fn write(_: &Outgoing<'_>, _: &mut Out<'_>) {}
}

struct Renamed;

#[channel("/pairs")]
struct Board;

#[channel(envelope = Pairs)]
impl Board {
    async fn on_connect(&mut self) -> Result<Success<u64>, Fault> {
        Ok(Success(7))
    }

    fn on_binary(&mut self, data: Bytes) -> Result<(), Fault> {
        drop(data);
        Ok(())
    }

    fn on_invalid(&mut self, error: DecodeError) -> Option<Fault> {
        Some(error.into())
    }

    #[notice]
    fn renamed(&mut self, _: Renamed) -> Result<(), Fault> {
        Ok(())
    }
}

fn main() {}
