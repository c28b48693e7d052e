use channel_runtime::channel;

#[channel("/chat")]
struct Chat;

#[channel]
impl Chat {
    #[message]
    async fn say(&mut self, _: String) {}
}

fn main() {}
