use channel_runtime::{channel, message};

#[message(binary, kind = 1)]
struct Pixels<'a> {
    data: &'a [u8],
}

#[channel("/board")]
struct Board {}

#[channel]
impl Board {
    #[message]
    fn paint(&self, pixels: Pixels<'_>) {
        assert_eq!(pixels.data.len(), 3);
    }
}

fn main() {}
