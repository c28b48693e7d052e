use channel_runtime::{Auth, channel, message};

#[message(type = "say")]
struct Say {}

pub struct User;

#[channel("/chat")]
struct Chat;

#[channel]
impl Chat {
    #[message]
    async fn say(&mut self, say: Say, user: Auth<User>) {}
}

fn main() {}
