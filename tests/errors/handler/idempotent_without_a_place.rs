use channel_runtime::envelope::JsonRpc;
use channel_runtime::{Bytes, channel, message};

#[message(binary, kind = 1)]
struct Pixel(u8);

impl Pixel {
    fn from_bytes(data: Bytes) -> Result<Self, String> {
        Ok(Self(data[0]))
    }

    fn to_bytes(&self, out: &mut Vec<u8>) {
        out.push(self.0);
    }
}

#[channel("/canvas/:name")]
struct Canvas {
    name: String,
}

#[channel]
impl Canvas {
    fn identity(&self) -> &String {
        &self.name
    }

    #[message(idempotent)]
    fn paint(&mut self, _: Pixel) {}
}

#[channel("/auction/:name")]
struct Auction {
    name: String,
}

#[channel(envelope = JsonRpc)]
impl Auction {
    fn identity(&self) -> &String {
        &self.name
    }

    #[message(type = "bid", idempotent)]
    fn bid(&mut self) {}
}

fn main() {}
