use channel_runtime::message;

#[message(type = "reset", answer)]
struct Reset {}

fn main() {}
