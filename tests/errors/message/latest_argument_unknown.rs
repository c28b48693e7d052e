use channel_runtime::message;

#[message(type = "tick", latest(kee = symbol))]
struct Tick {
    symbol: String,
}

#[message(type = "place", latest(key = x, key = y))]
struct Place {
    x: u32,
    y: u32,
}

#[message(type = "total", latest = "100ms")]
struct Total {}

#[message(type = "count", latst)]
struct Count {}

#[message(type = "line", key = text, every = "100ms")]
struct Line {
    text: String,
}

fn main() {}
