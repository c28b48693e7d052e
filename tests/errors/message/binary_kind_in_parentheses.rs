use channel_runtime::message;

#[message(binary(1))]
struct Pixel {
    x: u8,
}

fn main() {}
