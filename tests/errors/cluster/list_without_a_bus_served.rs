use channel_runtime::{channel, channels};

#[channel("/chat")]
struct Chat;

#[channel]
impl Chat {}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    channels![Chat; cluster].serve("127.0.0.1:3030").await
}
