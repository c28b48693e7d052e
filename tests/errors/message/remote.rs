use channel_runtime::message;

#[message(type = "move")]
#[serde(remote = "Duration")]
struct Move {
    secs: u64,
}

fn main() {}
