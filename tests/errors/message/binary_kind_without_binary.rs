use channel_runtime::message;

#[message(type = "pixel", kind = 1)]
struct Pixel {
    x: u8,
}

fn main() {}
