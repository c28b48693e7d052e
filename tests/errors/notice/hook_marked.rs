use channel_runtime::{Close, channel};

#[channel("/chat")]
struct Chat;

#[channel]
impl Chat {
    #[notice]
    async fn on_close(&mut self, _: Close) {}
}

fn main() {}
