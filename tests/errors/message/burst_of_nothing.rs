use channel_runtime::message;

#[message(type = "say", rate = "5/s", burst = 0)]
struct Say {
    text: String,
}

fn main() {}
