use channel_runtime::message;

#[message(binary, kind = 1, codec = "postcard")]
struct Pixel {
    x: u8,
}

fn main() {}
