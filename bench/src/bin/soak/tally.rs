//! What the clients of a round did and saw.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug, Default)]
pub struct Tally {
    pub lives: Count,
    pub said: Count,
    pub heard: Count,
    /// Messages that nobody had said as they were received.
    pub broken: Count,
    pub refused: Count,
}

impl Tally {
    pub fn is_plausible(&self) -> bool {
        self.said.get() > 0 && self.heard.get() > self.said.get() / 2 && self.refused.get() == 0
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} | {} | {}", self.lives.get(), self.said.get(), self.heard.get())
    }
}

#[derive(Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Counts so many more. Returns how many there were before.
    pub fn add(&self, more: u64) -> u64 {
        self.0.fetch_add(more, Ordering::Relaxed)
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}
