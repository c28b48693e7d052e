use channel_runtime::{describe::Describe, message};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Describe)]
struct Point {
    x: u32,
    y: u32,
}

#[message(type = "place", latest(key = point))]
struct Place {
    point: Point,
    color: String,
}

fn main() {}
