//! What a client is told of a room's past as it enters.

/// What a client is told of the room's past as it enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Joined {
    /// It has everything: so many messages that it missed are sent to it, before anything later.
    Resumed {
        /// How many.
        missed: u32,
    },
    /// It begins anew, and is sent nothing of the past but what `recent` says.
    Fresh {
        /// Why.
        reason: Fresh,
    },
}

/// Why a client begins anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fresh {
    /// It names no position: it was never here, or the room has no history.
    First,
    /// Something that it missed is not kept any more.
    Expired,
    /// The room was closed since, or the server was started anew: its numbers are others.
    Replaced,
    /// It missed more than half of what may [wait for a client](crate::Config::outbox_bytes).
    TooFar,
}

impl Joined {
    /// How many messages were missed by who has everything. `None` for who begins anew.
    pub fn resumed(self) -> Option<u32> {
        match self {
            Self::Resumed { missed } => Some(missed),
            Self::Fresh { .. } => None,
        }
    }

    /// Why it begins anew. `None` for who has everything.
    pub fn fresh(self) -> Option<Fresh> {
        match self {
            Self::Resumed { .. } => None,
            Self::Fresh { reason } => Some(reason),
        }
    }
}

impl Fresh {
    /// As it stands on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Expired => "expired",
            Self::Replaced => "replaced",
            Self::TooFar => "too_far",
        }
    }
}
