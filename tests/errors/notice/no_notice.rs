use channel_runtime::{Socket, channel};

#[channel("/chat")]
struct Chat;

#[channel]
impl Chat {
    #[notice]
    async fn role_changed(&mut self, _: &Socket<Self>) {}
}

fn main() {}
