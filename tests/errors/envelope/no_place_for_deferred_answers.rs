use channel_runtime::envelope::{Envelope, Incoming, Malformed, Out, Outgoing, Places};
use channel_runtime::{Deferred, Socket, channel, message};

enum Pairs {}

impl Envelope for Pairs {
    const NAME: &'static str = "pairs";
    const PLACES: Places = Places::NONE;

    fn read(_: &str) -> Result<Incoming<'_>, Malformed> {
        Err(Malformed::new("nothing is read"))
    }

    fn write(_: &Outgoing<'_>, _: &mut Out<'_>) {}
}

#[message(type = "counted")]
struct Counted {
    count: u32,
}

#[channel("/pairs")]
struct Board;

#[channel(sends(Counted), envelope = Pairs)]
impl Board {
    #[message(type = "count")]
    fn count(&self, socket: &Socket<Self>) -> Deferred<Counted> {
        let (answer, deferred) = socket.defer().typed();
        answer.send(Counted { count: 7 });
        deferred
    }

    #[message(type = "leave")]
    fn leave(&self, socket: &Socket<Self>) {
        let _ = socket.defer();
    }
}

fn main() {}
