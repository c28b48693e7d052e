use channel_runtime::channel;

#[channel("/chat")]
struct Chat;

#[channel(history)]
impl Chat {}

fn main() {}
