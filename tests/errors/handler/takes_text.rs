use channel_runtime::channel;

#[channel("/chat")]
struct Chat;

#[channel]
impl Chat {
    #[message(type = "say")]
    fn say(&mut self, text: &str) {}
}

fn main() {}
