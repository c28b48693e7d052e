use channel_runtime::message;

struct Postcard;

#[message(type = "pixel", codec = Postcard)]
struct Pixel {
    x: u8,
}

fn main() {}
