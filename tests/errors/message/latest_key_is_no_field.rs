use channel_runtime::message;

#[message(type = "tick", latest(key = symbl))]
struct Tick {
    symbol: String,
    price: f64,
}

#[message(type = "place", latest(key = who))]
struct Place {
    x: u32,
    y: u32,
}

#[message(type = "count", latest(key = of))]
struct Count;

#[message(type = "total", latest(key = "of"))]
struct Total {
    of: String,
}

fn main() {}
