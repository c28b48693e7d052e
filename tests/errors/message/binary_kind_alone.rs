use channel_runtime::message;

#[message(kind = 1)]
struct Pixel {
    x: u8,
}

fn main() {}
