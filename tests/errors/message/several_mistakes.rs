use channel_runtime::message;

#[message(type = "", kind = 1)]
#[serde(untagged)]
struct Move {
    r#type: u8,
}

fn main() {}
