use channel_runtime::message;

#[message(type = "move")]
fn make_move() {}

fn main() {}
