use channel_runtime::{Bytes, message};

#[message(binary)]
struct Pixel {
    x: u8,
}

impl Pixel {
    fn from_bytes(_: Bytes) -> Result<Self, String> {
        Ok(Self { x: 0 })
    }

    fn to_bytes(&self, out: &mut Vec<u8>) {
        out.push(self.x);
    }
}

fn main() {}
