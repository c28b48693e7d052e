use channel_runtime::channel;

#[channel("/chat", history, history(size = 20))]
struct Chat;

#[channel]
impl Chat {}

fn main() {}
