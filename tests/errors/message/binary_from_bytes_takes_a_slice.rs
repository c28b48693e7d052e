use channel_runtime::message;

#[message(binary, kind = 1)]
struct Pixel {
    x: u8,
}

impl Pixel {
    fn from_bytes(data: &[u8]) -> Result<Self, String> {
        Ok(Self { x: data[0] })
    }

    fn to_bytes(&self, out: &mut Vec<u8>) {
        out.push(self.x);
    }
}

fn main() {}
