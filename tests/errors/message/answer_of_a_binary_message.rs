use channel_runtime::{Bytes, message};

#[message(binary, kind = 1, answer = bool)]
struct Reset;

impl Reset {
    fn from_bytes(_: Bytes) -> Result<Self, &'static str> {
        Ok(Self)
    }

    fn to_bytes(&self, _: &mut Vec<u8>) {}
}

fn main() {}
