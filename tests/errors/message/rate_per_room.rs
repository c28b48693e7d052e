use channel_runtime::message;

#[message(type = "say", rate = "5/s", per = "room")]
struct Say {
    text: String,
}

fn main() {}
