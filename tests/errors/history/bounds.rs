use channel_runtime::channel;

#[channel("/chat", history(size = 0, bytes = "0KiB", age = "5 minutes"))]
struct Chat;

#[channel]
impl Chat {}

#[channel("/desk", history(bytes = "1MB", age = 5, recent = "all"))]
struct Desk;

#[channel]
impl Desk {}

fn main() {}
