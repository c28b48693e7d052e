use channel_runtime::message;

#[message(type = "move")]
enum Move {
    Step,
    Jump,
}

fn main() {}
