//! The rows of the table.

mod memory;
mod reconnect;
mod relay;
mod remote;
mod room;

use std::io;

use crate::node::Kind;
use crate::table::Line;

type Row = fn(&Extent) -> io::Result<Vec<Line>>;

pub const ROWS: [(&str, Row); 5] = [
    ("relay", relay::lines),
    ("room", room::lines),
    ("remote", remote::lines),
    ("reconnect", reconnect::lines),
    ("memory", memory::lines),
];

/// How much is measured.
pub struct Extent {
    kinds: Vec<Kind>,
    rounds: usize,
    /// Of a load at a steady rate.
    seconds: f64,
    /// In a room of 1000.
    messages: usize,
    restarts: u64,
    /// For the memory.
    connections: usize,
}

impl Extent {
    pub fn whole(kinds: Vec<Kind>) -> Self {
        Self { kinds, rounds: 5, seconds: 5.0, messages: 4000, restarts: 9, connections: 5000 }
    }

    pub fn quick(kinds: Vec<Kind>) -> Self {
        Self { kinds, rounds: 3, seconds: 2.0, messages: 800, restarts: 3, connections: 1000 }
    }
}
