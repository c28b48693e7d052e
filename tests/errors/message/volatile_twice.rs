use channel_runtime::message;

#[message(type = "pointer", volatile, volatile)]
struct Pointer {}

fn main() {}
