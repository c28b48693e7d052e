use channel_runtime::{channel, message};

#[message(type = "pixel")]
struct Pixel {
    x: u8,
}

#[channel("/board")]
struct Board;

#[channel]
impl Board {
    #[message(binary, kind = 1)]
    fn paint(&self, _: Pixel) {}
}

fn main() {}
