use std::fmt::Display;

use channel_runtime::{BinaryCodec, channel, message};
use serde::Serialize;
use serde::de::DeserializeOwned;

enum Codec {}

impl BinaryCodec for Codec {
    fn read<T: DeserializeOwned>(data: &[u8]) -> Result<T, impl Display> {
        serde_json::from_slice(data)
    }

    fn write<T: Serialize>(message: &T, out: &mut Vec<u8>) -> Result<(), impl Display> {
        serde_json::to_writer(out, message)
    }
}

#[message(binary, kind = 1, codec = Codec)]
struct Pixel {
    x: u8,
}

#[message(binary, kind = 1, codec = Codec)]
struct Stroke {
    points: Vec<u8>,
}

#[channel("/board")]
struct Board;

#[channel]
impl Board {
    #[message]
    fn paint(&self, _: Pixel) {}

    #[message]
    fn draw(&self, _: Stroke) {}
}

fn main() {}
