use channel_runtime::message;

#[message(type = "error")]
struct Move {
    from: String,
}

fn main() {}
