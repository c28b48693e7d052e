use channel_runtime::channel;

#[channel("/echo", subprotocols("echo.v1", optional = true))]
struct Echo {}

#[channel]
impl Echo {}

fn main() {}
