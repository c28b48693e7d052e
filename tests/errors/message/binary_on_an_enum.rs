use channel_runtime::{Socket, channel, message};

#[message(binary, kind = 1)]
enum Pixel {
    On { x: u8 },
    Off,
}

#[channel("/board")]
struct Board {}

#[channel(sends(Pixel))]
impl Board {
    #[message]
    fn paint(&self, pixel: Pixel, socket: &Socket<Self>) {
        socket.others().send(pixel);
    }
}

fn main() {}
