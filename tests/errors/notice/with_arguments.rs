use channel_runtime::channel;

struct RoleChanged;

#[channel("/chat")]
struct Chat;

#[channel]
impl Chat {
    #[notice(RoleChanged)]
    async fn role_changed(&mut self, _: RoleChanged) {}
}

fn main() {}
