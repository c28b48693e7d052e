use channel_runtime::message;

#[message(type = "move")]
union Move {
    step: u8,
    jump: u8,
}

fn main() {}
