use channel_runtime::{Hub, channel};

#[derive(Clone)]
struct RoleChanged;

#[channel("/chat")]
struct Chat;

#[channel]
impl Chat {}

fn promote(chats: &Hub<Chat>) {
    chats.all().notify(RoleChanged);
}

fn main() {}
