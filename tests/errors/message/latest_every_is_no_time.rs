use channel_runtime::message;

#[message(type = "tick", latest(every = 100))]
struct Tick {}

#[message(type = "place", latest(every = "often"))]
struct Place {}

#[message(type = "total", latest(every = "2 days"))]
struct Total {}

fn main() {}
