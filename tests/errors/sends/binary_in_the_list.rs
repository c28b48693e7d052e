use channel_runtime::{Bytes, Socket, channel, message};

#[message(binary, kind = 1)]
struct Pixel {
    x: u8,
}

impl Pixel {
    fn from_bytes(data: Bytes) -> Result<Self, &'static str> {
        data.first().map(|x| Self { x: *x }).ok_or("no byte")
    }

    fn to_bytes(&self, out: &mut Vec<u8>) {
        out.push(self.x);
    }
}

#[channel("/board")]
struct Board {}

#[channel(sends(binary Pixel))]
impl Board {
    #[message]
    fn paint(&self, pixel: Pixel, socket: &Socket<Self>) {
        socket.others().send(pixel);
    }
}

fn main() {}
