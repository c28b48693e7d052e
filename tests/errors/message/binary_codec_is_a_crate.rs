use channel_runtime::message;

#[message(binary, kind = 1, codec = serde_json)]
struct Pixel {
    x: u8,
}

fn main() {}
