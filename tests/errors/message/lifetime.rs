use channel_runtime::message;

#[message(type = "move")]
struct Move<'a> {
    from: &'a str,
}

fn main() {}
