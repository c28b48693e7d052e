use channel_runtime::channel;

#[channel("/game")]
async fn game() {}

fn main() {}
