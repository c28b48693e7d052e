use channel_runtime::message;

#[message(type = "(binary 1) pixel")]
struct Pixel {
    x: u8,
}

fn main() {}
