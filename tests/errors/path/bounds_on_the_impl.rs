use channel_runtime::channel;

#[channel("/files")]
struct Files;

#[channel(message_bytes = "1MiB")]
impl Files {}

fn main() {}
