use channel_runtime::message;

#[message(type = "move")]
#[serde(tag = "type")]
struct Move {
    from: String,
}

fn main() {}
