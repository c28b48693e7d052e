use channel_runtime::{Hub, channel};

struct RoleChanged;

#[channel("/chat")]
struct Chat;

#[channel]
impl Chat {
    #[notice]
    async fn role_changed(&mut self, _: RoleChanged) {}
}

fn promote(chats: &Hub<Chat>) {
    chats.all().notify(RoleChanged);
}

fn main() {}
