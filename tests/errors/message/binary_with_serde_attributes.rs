use channel_runtime::{Bytes, message};

#[message(binary, kind = 1)]
struct Pixel {
    #[serde(rename = "column")]
    x: u8,
}

impl Pixel {
    fn from_bytes(data: Bytes) -> Result<Self, String> {
        Ok(Self { x: data[0] })
    }

    fn to_bytes(&self, out: &mut Vec<u8>) {
        out.push(self.x);
    }
}

fn main() {}
