use channel_runtime::channel;

#[derive(Default)]
struct Recent(Vec<String>);

#[channel("/chat/:room", room_state = Recent)]
struct Chat {
    room: String,
}

#[channel(each_node)]
impl Chat {}

fn main() {}
