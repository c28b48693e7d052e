use channel_runtime::{Bytes, Text, channel, message};

#[message(binary, kind = 1)]
struct Pixel {
    color: u8,
}

impl Pixel {
    fn from_bytes(data: Bytes) -> Result<Self, &'static str> {
        data.first().map(|&color| Self { color }).ok_or("it is empty")
    }

    fn to_bytes(&self, out: &mut Vec<u8>) {
        out.push(self.color);
    }
}

#[channel("/board")]
struct Board;

#[channel(sends(Text, Pixel))]
impl Board {
    fn on_text(&mut self, text: Text) -> Text {
        text
    }

    #[message]
    fn paint(&mut self, pixel: Pixel) -> Pixel {
        pixel
    }
}

fn main() {}
