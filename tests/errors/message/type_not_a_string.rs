use channel_runtime::message;

#[message(type = move_made)]
struct Move {
    from: String,
}

fn main() {}
