use channel_runtime::channel;

struct RoleChanged;

#[channel("/chat")]
struct Chat;

#[channel]
impl Chat {
    #[notice]
    async fn role_changed(_: RoleChanged) {}
}

fn main() {}
