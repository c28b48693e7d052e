use channel_runtime::message;

#[message(type = "move")]
#[serde(untagged)]
struct Move {
    from: String,
}

fn main() {}
