use channel_runtime::channel;

#[channel("/chat/:room", each_node)]
struct Chat {
    room: String,
}

#[channel]
impl Chat {}

fn main() {}
