use channel_runtime::message;

#[message(type = "tick", latest, volatile)]
struct Tick {}

#[message(type = "typing", volatile, latest)]
struct Typing {}

fn main() {}
