use channel_runtime::message;

#[message]
struct Move {
    from: String,
}

fn main() {}
