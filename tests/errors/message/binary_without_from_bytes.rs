use channel_runtime::{channel, message};

#[message(binary, kind = 1)]
pub struct Pixel {
    x: u8,
}

impl Pixel {
    fn to_bytes(&self, out: &mut Vec<u8>) {
        out.push(self.x);
    }
}

#[channel("/board")]
struct Board;

#[channel(sends(Pixel))]
impl Board {}

fn main() {}
