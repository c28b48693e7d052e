use channel_runtime::{channel, message};

#[message(type = "point")]
struct Point {}

#[channel("/board")]
struct Board;

#[channel]
impl Board {
    #[message(latest(key = x))]
    fn point(&mut self, _: Point) {}
}

fn main() {}
