use channel_runtime::channel;

#[channel("/chat", history(sise = 20))]
struct Chat;

#[channel]
impl Chat {}

fn main() {}
