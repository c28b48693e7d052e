use channel_runtime::message;

#[message(type = "pointer", volatile = true)]
struct Pointer {}

#[message(type = "typing", volatil)]
struct Typing {}

#[message(type = "price", delivery = "volatile")]
struct Price {}

fn main() {}
