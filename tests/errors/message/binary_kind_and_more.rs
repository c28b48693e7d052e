use channel_runtime::message;

#[message(binary, kind = 1 + 1)]
struct Pixel {
    x: u8,
}

#[message(binary, kind = 7 validate)]
struct Line {
    y: u8,
}

fn main() {}
