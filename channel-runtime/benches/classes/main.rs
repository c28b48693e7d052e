//! What the classes of delivery cost: a table for each of the files beside this one. A name runs those in whose names it is.
//!
//! The clients are TCP sockets of this process, and everything runs on one thread. A sample is a send and the writing to all sockets,
//! and not the clients' reading. What is compared is measured in turns, so that whatever else the machine does falls on all alike.

mod age;
mod latest;
mod locks;
mod side;
mod volatile;

use channel_runtime::{channel, message};

/// With what is around it, 128 bytes.
const TEXT: usize = 101;

#[message(type = "said")]
struct Said {
    text: String,
}

#[channel("/reliable")]
struct Reliable;

#[channel(sends(Said))]
impl Reliable {}

fn text(len: usize) -> String {
    "x".repeat(std::hint::black_box(len))
}

/// The median, and what a tenth is below.
fn median_and_tenth(mut times: Vec<f64>) -> (f64, f64) {
    times.sort_by(f64::total_cmp);
    (times[times.len() / 2], times[times.len() / 10])
}

fn main() {
    let only = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let rows: [(&str, fn()); 4] =
        [("volatile", volatile::row), ("latest", latest::row), ("age", age::row), ("locks", locks::row)];
    for (name, row) in rows {
        if only.as_ref().is_none_or(|only| name.contains(only)) {
            row();
        }
    }
}
