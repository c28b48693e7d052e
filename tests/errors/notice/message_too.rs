use channel_runtime::{channel, message};

#[message(type = "role_changed")]
struct RoleChanged {
    role: String,
}

#[channel("/chat")]
struct Chat;

#[channel]
impl Chat {
    #[message]
    #[notice]
    async fn role_changed(&mut self, _: RoleChanged) {}
}

fn main() {}
