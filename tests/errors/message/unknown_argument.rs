use channel_runtime::message;

#[message(typ = "move")]
struct Move {
    from: String,
}

fn main() {}
