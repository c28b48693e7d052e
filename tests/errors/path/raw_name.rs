use channel_runtime::channel;

#[channel("/game/:r#type")]
struct Game;

fn main() {}
