use channel_runtime::message;

#[message(type = "", name = 1)]
#[serde(untagged)]
struct Move {
    r#type: u8,
}

fn main() {}
