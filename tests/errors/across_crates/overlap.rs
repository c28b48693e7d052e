use channel_runtime::{channel, channels};

#[channel("/:place/hall")]
struct Hall {
    place: String,
}
#[channel]
impl Hall {}

fn main() {
    channels![Hall, elsewhere::Lobby].app(());
}
