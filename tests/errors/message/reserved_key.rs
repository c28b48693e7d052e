use channel_runtime::message;

#[message(type = "move")]
struct Move {
    r#type: String,
    r#ref: u64,
}

fn main() {}
