use channel_runtime::channel;

trait Play {}

#[channel]
impl dyn Play {}

fn main() {}
