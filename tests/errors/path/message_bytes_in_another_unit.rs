use channel_runtime::channel;

#[channel("/files", message_bytes = "1MB", outbox_bytes = "4 megabytes")]
struct Files;

#[channel]
impl Files {}

fn main() {}
