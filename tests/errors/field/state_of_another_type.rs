use std::time::Instant;

use channel_runtime::channel;

#[channel("/game")]
struct Game {
    #[state(0)]
    last: Instant,
    #[state("white")]
    color: String,
}

#[channel]
impl Game {}

fn main() {}
