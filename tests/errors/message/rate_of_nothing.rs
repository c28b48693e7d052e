use channel_runtime::message;

#[message(type = "say", rate = "0/s")]
struct Say {
    text: String,
}

fn main() {}
