use channel_runtime::{Socket, channel};

struct RoleChanged;

#[channel("/other")]
struct Other;

#[channel]
impl Other {}

#[channel("/chat")]
struct Chat;

#[channel]
impl Chat {
    #[notice]
    async fn role_changed(&mut self, _: RoleChanged, _: &Socket<Other>) {}
}

fn main() {}
