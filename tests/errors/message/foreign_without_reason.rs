use channel_runtime::message;

#[message(type = "failed", foreign)]
struct Failed {
    id: String,
}

fn main() {}
