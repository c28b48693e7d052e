use std::sync::Arc;

use channel_runtime::{channel, message};

#[message(type = "say")]
struct Say {}

pub struct App;

#[channel("/chat", app = App)]
struct Chat;

#[channel]
impl Chat {
    #[message]
    async fn say(&mut self, say: Say, app: Arc<App>) {}
}

fn main() {}
