use channel_runtime::message;

#[message(type = "say", timeout = "2s")]
struct Say {
    text: String,
}

fn main() {}
