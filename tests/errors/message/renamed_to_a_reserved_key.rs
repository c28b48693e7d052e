use channel_runtime::message;

#[message(type = "move")]
struct Move {
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "$from")]
    from: String,
}

fn main() {}
