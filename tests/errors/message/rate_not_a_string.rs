use channel_runtime::message;

#[message(type = "say", rate = 20)]
struct Say {
    text: String,
}

fn main() {}
