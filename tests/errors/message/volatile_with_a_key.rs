use channel_runtime::message;

#[message(type = "pointer", volatile(key = user, every = "100ms"))]
struct Pointer {
    user: String,
}

fn main() {}
