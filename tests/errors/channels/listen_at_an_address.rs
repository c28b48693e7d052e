use channel_runtime::{channel, channels};

#[channel("/chat")]
struct Chat;

#[channel]
impl Chat {}

fn main() {
    let _server = channels![Chat].app(()).listen("127.0.0.1:3030");
}
