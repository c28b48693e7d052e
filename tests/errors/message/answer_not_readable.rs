use channel_runtime::message;

#[message(type = "reset", answer = Done)]
struct Reset {}

struct Done {
    at: u64,
}

fn main() {}
