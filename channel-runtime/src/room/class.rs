//! The class of what is sent: whether it is for each recipient, or only for those that take it at that moment.

/// What is sent for each recipient is reliable: nearly everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Class {
    #[default]
    Reliable,
    Volatile(TypeHash),
    Latest(LatestClass),
    /// Of newest values that another node has sent: each is for each recipient, and kept nowhere.
    #[cfg(feature = "cluster")]
    LatestElsewhere(TypeHash),
}

/// Of its values the newest one for each key is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LatestClass {
    pub of: TypeHash,
    /// The least time between two values of a key. 0 if there is none.
    pub every_ms: u32,
}

/// The hash of a message's type, FNV-1a: by it the nodes of a cluster count what they drop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TypeHash(pub u32);

impl TypeHash {
    pub const fn of(wire_type: &str) -> Self {
        let (bytes, mut hash, mut at) = (wire_type.as_bytes(), 0x811C_9DC5_u32, 0);
        while at < bytes.len() {
            hash = (hash ^ bytes[at] as u32).wrapping_mul(0x0100_0193);
            at += 1;
        }
        Self(hash)
    }
}

impl Class {
    #[inline]
    pub const fn is_reliable(self) -> bool {
        matches!(self, Self::Reliable)
    }

    #[inline]
    pub const fn is_volatile(self) -> bool {
        matches!(self, Self::Volatile(_))
    }
}
