use channel_runtime::channel;

#[channel("/chat", history(size = 20, recent = 50))]
struct Chat;

#[channel]
impl Chat {}

fn main() {}
