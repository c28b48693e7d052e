use channel_runtime::message;

#[message(type = "say", rate = "5/day")]
struct Say {
    text: String,
}

fn main() {}
