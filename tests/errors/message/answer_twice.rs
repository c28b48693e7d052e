use channel_runtime::message;

#[message(type = "reset", answer = bool, answer = u32)]
struct Reset {}

fn main() {}
