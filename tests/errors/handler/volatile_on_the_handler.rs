use channel_runtime::{channel, message};

#[message(type = "point")]
struct Point {}

#[channel("/board")]
struct Board;

#[channel]
impl Board {
    #[message(volatile)]
    fn point(&mut self, _: Point) {}
}

fn main() {}
