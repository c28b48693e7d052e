use channel_runtime::message;

#[message(type = "say", rate = "many/s")]
struct Say {
    text: String,
}

fn main() {}
