use channel_runtime::message;

#[message(type = "move")]
struct Move<T> {
    from: T,
}

fn main() {}
