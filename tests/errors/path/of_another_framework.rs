use channel_runtime::channel;

#[channel("/rooms/{room}/<seat>")]
struct Room {
    room: String,
    seat: u8,
    posts: u32,
}

#[channel]
impl Room {}

fn main() {}
