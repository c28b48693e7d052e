use channel_runtime::{Hub, channel, channels};

struct App {
    chats: Hub<Chat>,
}

#[channel("/chat", app = App)]
struct Chat;

#[channel]
impl Chat {}

fn main() {
    let channels = channels![Chat; cluster];
    let chats = channels.of::<Chat>();
    channels.alone().app(App { chats });
}
