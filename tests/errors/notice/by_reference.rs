use channel_runtime::channel;

#[derive(Clone)]
struct RoleChanged;

#[channel("/chat")]
struct Chat;

#[channel]
impl Chat {
    #[notice]
    async fn role_changed(&mut self, _: &RoleChanged) {}
}

fn demote(chats: &channel_runtime::Hub<Chat>) {
    chats.all().notify(RoleChanged);
}

fn main() {}
