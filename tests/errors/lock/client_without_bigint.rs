use channel_runtime::{channel, channels};

#[channel("/chat")]
struct Chat;

#[channel]
impl Chat {}

fn main() {
    channels![Chat; client("client_without_bigint.ts", bigint)].app(());
}
