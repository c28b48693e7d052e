//! What a client is told of a room's past as it enters.

use std::sync::atomic::{AtomicU32, Ordering};

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
    /// It names no position: it was never here, or the room has no history. Or it was, or may have been, cut, closed or refused before
    /// `on_connect` had returned, and has to be told all of it again.
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

/// In as little memory as each connection has room for.
#[derive(Debug)]
pub(crate) struct Told(AtomicU32);

/// Beside what was told: `on_connect` has returned.
const ARRIVED: u32 = 1 << 31;

/// Or: its client has come back before that.
const CUT: u32 = 1 << 30;

/// The reasons, behind the numbers that are not one.
const REASONS: [Fresh; 4] = [Fresh::First, Fresh::Expired, Fresh::Replaced, Fresh::TooFar];

const FIRST_REASON: u32 = CUT - 4;

impl Default for Told {
    fn default() -> Self {
        Self(AtomicU32::new(FIRST_REASON))
    }
}

impl Told {
    pub fn set(&self, joined: Joined) {
        let packed = match joined {
            Joined::Resumed { missed } => missed.min(FIRST_REASON - 1),
            Joined::Fresh { reason } => {
                let at = REASONS.iter().position(|other| *other == reason).expect("all are listed");
                FIRST_REASON + u32::try_from(at).expect("they are few")
            }
        };
        self.0.store(packed, Ordering::Relaxed);
    }

    /// Not if it was cut.
    pub fn arrive(&self) {
        self.set_unless(CUT, ARRIVED);
    }

    /// Its client has lost this connection. Returns whether it had not arrived, which it never does from now on.
    pub fn cut(&self) -> bool {
        self.get().fresh().is_some() && self.set_unless(ARRIVED, CUT)
    }

    fn set_unless(&self, other: u32, flag: u32) -> bool {
        let set = |told| (told & other == 0).then_some(told | flag);
        self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, set).is_ok()
    }

    /// It began anew, and `on_connect` has not returned: what it sends to who begins anew is not all sent yet.
    pub fn is_arriving(&self) -> bool {
        self.0.load(Ordering::Acquire) & ARRIVED == 0 && self.get().fresh().is_some()
    }

    pub fn get(&self) -> Joined {
        let packed = self.0.load(Ordering::Relaxed) & !(ARRIVED | CUT);
        match packed.checked_sub(FIRST_REASON) {
            None => Joined::Resumed { missed: packed },
            Some(at) => Joined::Fresh { reason: REASONS[at as usize] },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_is_kept() {
        let told = Told::default();
        assert_eq!(told.get(), Joined::Fresh { reason: Fresh::First });
        let resumed = [0, 1, 812, FIRST_REASON - 1].map(|missed| Joined::Resumed { missed });
        for joined in REASONS.map(|reason| Joined::Fresh { reason }).into_iter().chain(resumed) {
            told.set(joined);
            assert_eq!((told.get(), told.is_arriving()), (joined, joined.fresh().is_some()));
            told.arrive();
            assert_eq!((told.get(), told.is_arriving(), told.cut()), (joined, false, false));
        }
    }

    #[test]
    fn who_is_cut_while_it_arrives_never_arrives() {
        let told = Told::default();
        told.set(Joined::Fresh { reason: Fresh::Expired });
        for _ in 0..2 {
            assert!(told.cut());
            told.arrive();
            assert!(told.is_arriving());
        }
        assert_eq!(told.get(), Joined::Fresh { reason: Fresh::Expired });
        // Who has everything is told nothing at first.
        told.set(Joined::Resumed { missed: 3 });
        assert!(!told.cut() && !told.is_arriving());
    }
}
