use channel_runtime::message;

#[message(type = "move")]
#[derive(Debug, serde::Serialize)]
struct Move {
    from: String,
}

fn main() {}
