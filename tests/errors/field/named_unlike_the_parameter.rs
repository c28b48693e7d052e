use channel_runtime::channel;

#[channel("/rooms/:room")]
struct Room {
    name: String,
}

#[channel]
impl Room {}

fn main() {}
