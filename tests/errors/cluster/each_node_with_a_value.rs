use channel_runtime::channel;

#[derive(Default)]
struct Recent(Vec<String>);

#[channel("/chat/:room", room_state = Recent, each_node = true)]
struct Chat {
    room: String,
}

#[channel]
impl Chat {}

fn main() {}
