use channel_runtime::message;

#[message(type = "move")]
#[serde(transparent)]
struct Move {
    from: String,
}

fn main() {}
