use channel_runtime::{channel, channels};

#[channel("/chat")]
struct Chat;

#[channel]
impl Chat {}

fn main() {
    channels![Chat; lock = "left_by_a_merge.lock"].app(());
}
