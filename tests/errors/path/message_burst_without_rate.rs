use channel_runtime::channel;

#[channel("/files", message_burst = 50)]
struct Files;

#[channel]
impl Files {}

fn main() {}
