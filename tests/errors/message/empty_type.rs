use channel_runtime::message;

#[message(type = "")]
struct Move {
    from: String,
}

fn main() {}
