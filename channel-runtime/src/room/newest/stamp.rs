//! When a newest value was sent, as all nodes of a cluster understand it: of two values of a key, that with the greater stamp is the newest.

use std::time::{SystemTime, UNIX_EPOCH};

/// No two values have the same, but for [`Stamp::NONE`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stamp {
    /// Microseconds since 1970 by the clock of the node that sent it, or one more than the greatest that this node had seen.
    pub micros: u64,
    /// That node.
    pub node: u64,
}

impl Stamp {
    /// Without a cluster: what is stored later is newer.
    pub const NONE: Self = Self { micros: 0, node: 0 };

    /// Greater ones, from the year 3111 on, are none, so that what follows those that count has 56 bits, too.
    #[cfg(feature = "cluster")]
    pub const MOST_MICROS: u64 = 1 << 55;

    /// Whether another node may say it. 0 is of none.
    #[cfg(feature = "cluster")]
    pub fn is_of_a_node(micros: u64) -> bool {
        (1..=Self::MOST_MICROS).contains(&micros)
    }

    pub fn is_none(self) -> bool {
        self == Self::NONE
    }

    pub fn or_else(self, stamp: impl FnOnce() -> Self) -> Self {
        if self.is_none() { stamp() } else { self }
    }

    /// Whether a value with this stamp replaces one with the other.
    pub fn replaces(self, other: Self) -> bool {
        self.is_none() || self > other
    }
}

/// By the clock of this computer: microseconds since 1970.
pub(crate) fn micros_now() -> u64 {
    let micros = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
    u64::try_from(micros).unwrap_or(u64::MAX)
}

/// What became of a value.
pub(super) enum Stored {
    /// So many members at most are not told the value that it replaces, because they are behind.
    Newest {
        replaced: usize,
    },
    /// There is a newer one, or it is forgotten: two nodes have sent at the same time.
    Older,
    TooManyKeys,
}
