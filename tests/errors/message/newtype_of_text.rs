use channel_runtime::message;

#[message(type = "move")]
struct Move(String);

fn main() {}
