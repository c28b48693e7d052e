use channel_runtime::channel;

#[channel("/echo", subprotocols(["echo.v1"]))]
struct Echo {}

#[channel]
impl Echo {}

fn main() {}
