//! The name of a node.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// Names one node of a cluster: one start of one process. It writes itself as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub(crate) u64);

impl NodeId {
    pub(crate) fn next() -> Self {
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        // The operating system seeds each process's `RandomState`.
        Self(RandomState::new().hash_one((std::process::id(), SERIAL.fetch_add(1, Ordering::Relaxed))))
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
