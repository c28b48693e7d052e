use channel_runtime::message;

#[message(type = "move")]
struct Move {
    from: &'static str,
}

fn main() {}
