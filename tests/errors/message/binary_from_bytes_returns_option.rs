use channel_runtime::{Bytes, message};

#[message(binary, kind = 1)]
struct Pixel {
    x: u8,
}

impl Pixel {
    fn from_bytes(data: Bytes) -> Option<Self> {
        Some(Self { x: *data.first()? })
    }

    fn to_bytes(&self, out: &mut Vec<u8>) {
        out.push(self.x);
    }
}

fn main() {}
