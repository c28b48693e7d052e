use channel_runtime::{Bytes, message};

#[derive(Debug)]
struct TooShort;

#[message(binary, kind = 1)]
struct Pixel {
    x: u8,
}

impl Pixel {
    fn from_bytes(data: Bytes) -> Result<Self, TooShort> {
        data.first().map(|x| Self { x: *x }).ok_or(TooShort)
    }

    fn to_bytes(&self, out: &mut Vec<u8>) {
        out.push(self.x);
    }
}

fn main() {}
