use channel_runtime::message;

#[message(type = "$move")]
struct Move {
    from: String,
}

fn main() {}
