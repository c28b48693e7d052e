use channel_runtime::channel;

#[channel("/files", message_bytes = 1048576)]
struct Files;

#[channel]
impl Files {}

fn main() {}
