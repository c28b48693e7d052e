use channel_runtime::message;

#[message(type = "say", validate)]
struct Say {
    text: String,
}

fn main() {}
