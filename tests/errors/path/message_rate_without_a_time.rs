use channel_runtime::channel;

#[channel("/files", message_rate = 100)]
struct Files;

#[channel]
impl Files {}

fn main() {}
