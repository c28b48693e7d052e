use channel_runtime::message;

#[message(type = "move")]
struct Move {
    #[serde(rename = "$room")]
    room: String,
    #[serde(alias = "$seq")]
    seq: u64,
}

fn main() {}
