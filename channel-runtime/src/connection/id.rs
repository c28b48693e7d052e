//! The name of a connection.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::str::FromStr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Names one connection, unique over all processes and time.
///
/// It writes itself as `9f3b1c20a4d6e817-2a` and reads that back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId {
    node: u64,
    serial: u64,
}

impl ConnectionId {
    pub(crate) fn next() -> Self {
        static SERIAL: AtomicU64 = AtomicU64::new(1);
        Self { node: this_node(), serial: SERIAL.fetch_add(1, Ordering::Relaxed) }
    }

    #[cfg(feature = "cluster")]
    pub(crate) fn of(node: u64, serial: u64) -> Self {
        Self { node, serial }
    }

    #[cfg(feature = "cluster")]
    pub(crate) fn node(self) -> u64 {
        self.node
    }

    pub(crate) fn is_here(self) -> bool {
        self.node == this_node()
    }

    pub(crate) fn serial(self) -> u64 {
        self.serial
    }

    pub(crate) fn spread(self) -> u32 {
        self.serial as u32
    }
}

fn this_node() -> u64 {
    static NODE: OnceLock<u64> = OnceLock::new();
    // The operating system seeds each process's `RandomState`.
    *NODE.get_or_init(|| RandomState::new().hash_one(std::process::id()))
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{:x}", self.node, self.serial)
    }
}

impl FromStr for ConnectionId {
    type Err = ParseConnectionIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (node, serial) = text.split_once('-').ok_or(ParseConnectionIdError)?;
        let number = |text| u64::from_str_radix(text, 16).map_err(|_| ParseConnectionIdError);
        Ok(Self { node: number(node)?, serial: number(serial)? })
    }
}

/// A text that names no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseConnectionIdError;

impl fmt::Display for ParseConnectionIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a connection id is two hexadecimal numbers with a hyphen between them")
    }
}

impl std::error::Error for ParseConnectionIdError {}
