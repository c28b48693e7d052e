use channel_runtime::channel;

#[channel("/game/:id/:name")]
struct Game {
    id: Option<u32>,
    name: &'static str,
}

#[channel]
impl Game {}

fn main() {}
