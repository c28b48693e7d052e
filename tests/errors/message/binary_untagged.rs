use channel_runtime::message;

struct Postcard;

#[message(binary, kind = 1, codec = Postcard)]
#[serde(untagged)]
struct Pixel {
    x: u8,
}

fn main() {}
