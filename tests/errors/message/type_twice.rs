use channel_runtime::message;

#[message(type = "move", type = "moved")]
struct Move {
    from: String,
}

fn main() {}
