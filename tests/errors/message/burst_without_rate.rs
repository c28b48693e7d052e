use channel_runtime::message;

#[message(type = "say", burst = 10)]
struct Say {
    text: String,
}

fn main() {}
