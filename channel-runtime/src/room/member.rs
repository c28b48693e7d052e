//! One connection as the others see it: its name, its outbox, and where it is a member.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use tokio::runtime::{Handle, Id};

use crate::connection::backpressure::Pace;
use crate::connection::outbox::Outbox;
use crate::connection::owed::Owed;
use crate::room::live_room::Members;
use crate::room::registry::UserKey;
use crate::session::heartbeat::Pulse;
use crate::socket::notify::Inbox;
use crate::wire::deflate::Agreed;

/// Names one connection, unique over all processes and time.
///
/// It writes itself as `9f3b1c20a4d6e817-2a` and reads that back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId {
    /// The process, by chance.
    node: u64,
    /// The connection within it.
    serial: u64,
}

impl ConnectionId {
    pub(crate) fn next() -> Self {
        static SERIAL: AtomicU64 = AtomicU64::new(1);
        Self { node: this_node(), serial: SERIAL.fetch_add(1, Ordering::Relaxed) }
    }

    /// Whether it names a connection of this process, though perhaps none that is open.
    pub(crate) fn is_here(self) -> bool {
        self.node == this_node()
    }

    /// Its number within its process.
    pub(crate) fn serial(self) -> u64 {
        self.serial
    }

    /// A number that differs from one connection to the next.
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

// In memory as written here: what a broadcast looks at comes first, beside the count of those who hold it.
#[repr(C)]
pub(crate) struct Connection {
    pub outbox: Outbox,
    pub id: ConnectionId,
    /// The place of its channel in the app.
    pub channel: usize,
    /// What was agreed with its client on compression.
    pub deflate: Option<Agreed>,
    /// Whether its client is told all that is wrong with a message.
    pub error_details: bool,
    pub owed: Owed,
    /// On which runtime its task runs; as [`Apart::runtime`], beside what a broadcast looks at.
    pub runtime_id: Option<Id>,
    /// Who it is, where the channel says so.
    pub user: Option<UserKey>,
    /// The room of its path.
    pub own_room: Arc<Members>,
    pub pace: Pace,
    /// Two small pieces of memory fill gaps that one large one does not.
    pub apart: Box<Apart>,
}

/// What no broadcast looks at of a connection.
pub(crate) struct Apart {
    pub pulse: Pulse,
    /// What its handler is told from outside.
    pub inbox: Inbox,
    /// Where its task runs. `None` outside a runtime, in a test that is its own client.
    pub runtime: Option<Handle>,
    pub joined: Mutex<Joined>,
}

/// The declared rooms that a connection has joined.
#[derive(Default)]
pub(crate) struct Joined {
    #[expect(clippy::box_collection, reason = "most connections join none, and hold the place")]
    rooms: Option<Box<Vec<Arc<Members>>>>,
    /// It has left for good: it joins none any more.
    has_left: bool,
}

impl Joined {
    pub fn rooms(&self) -> &[Arc<Members>] {
        self.rooms.as_ref().map_or(&[], |rooms| rooms)
    }

    /// The same, to be changed. `None` once it has left for good.
    pub fn rooms_mut(&mut self) -> Option<&mut Vec<Arc<Members>>> {
        (!self.has_left).then(|| &mut **self.rooms.get_or_insert_default())
    }

    /// It leaves for good. `None` where it has left.
    pub fn leave(&mut self) -> Option<Vec<Arc<Members>>> {
        let had_left = std::mem::replace(&mut self.has_left, true);
        (!had_left).then(|| self.rooms.take().map_or_else(Vec::new, |rooms| *rooms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the benchmark's idle connections cost depends on it: of pieces a little larger, glibc leaves a gap beside each.
    #[test]
    fn an_idle_connection_is_two_small_pieces() {
        let (counts, head) = (2 * size_of::<usize>(), size_of::<usize>());
        assert!(counts + size_of::<Connection>() + head <= 256, "{}", size_of::<Connection>());
        assert!(size_of::<Apart>() + head <= 112, "{}", size_of::<Apart>());
    }
}
