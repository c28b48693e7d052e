use channel_runtime::message;

struct Postcard;

#[message(binary, kind = 1u16, codec = Postcard)]
struct Pixel {
    x: u8,
}

fn main() {}
