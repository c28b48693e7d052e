use channel_runtime::message;

#[message(type = "reset", answer = "Done")]
struct Reset {}

fn main() {}
