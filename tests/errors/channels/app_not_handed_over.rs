use channel_runtime::{channel, channels};

struct App;

#[channel("/chat", app = App)]
struct Chat;

#[channel]
impl Chat {}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    channels![Chat].serve("127.0.0.1:3030").await
}
