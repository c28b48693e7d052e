use channel_runtime::message;

#[message("move")]
struct Move {
    from: String,
}

fn main() {}
