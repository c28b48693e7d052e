use channel_runtime::message;

struct Postcard;

#[message(binary, kind = "pixel", codec = Postcard)]
struct Pixel {
    x: u8,
}

fn main() {}
