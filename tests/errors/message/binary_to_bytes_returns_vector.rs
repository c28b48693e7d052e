use channel_runtime::{Bytes, message};

#[message(binary, kind = 1)]
struct Pixel {
    x: u8,
}

impl Pixel {
    fn from_bytes(data: Bytes) -> Result<Self, String> {
        Ok(Self { x: data[0] })
    }

    fn to_bytes(&self) -> Vec<u8> {
        vec![self.x]
    }
}

fn main() {}
