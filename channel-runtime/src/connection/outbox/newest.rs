//! Newest values: taken if nothing waits for the client, so that at most one of each key does. Who does not take them pulls them later.

use super::{Enqueued, Inner, Outbox, State};
use crate::wire::frame::Frame;

/// When newest values are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// As the client enters, behind what it is told first.
    AtEntry,
    /// With those for the others of its room.
    InTurn,
    /// By its own task, which has found its outbox empty.
    Pulled,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Offered {
    /// The connection ends.
    Refused,
    All {
        must_flush: bool,
    },
    /// Not all: the client's own task pulls the rest when nothing waits any more.
    Some {
        /// The version of the last piece that was taken. `None` if none was.
        until: Option<u64>,
        must_flush: bool,
    },
}

impl Offered {
    /// Up to which version a client has had all, that had all up to `since` and was offered what is newer up to `last`.
    pub fn until(self, since: u64, last: u64) -> u64 {
        match self {
            // One that ends is told nothing any more.
            Self::All { .. } | Self::Refused => last,
            Self::Some { until, .. } => until.unwrap_or(since),
        }
    }

    /// Whether some of it was taken, and some not.
    pub fn is_part(self) -> bool {
        matches!(self, Self::Some { until: Some(_), .. })
    }

    pub fn must_flush(self) -> bool {
        matches!(self, Self::All { must_flush: true } | Self::Some { must_flush: true, .. })
    }
}

impl Outbox {
    /// Whether any would be taken now. If not, its own task is to pull them, unless the connection ends.
    pub fn takes_newest(&self, offer: Offer) -> bool {
        let mut inner = self.inner.lock();
        let takes = !inner.is_over() && inner.takes_newest(offer, self.most_newest());
        if !takes && !inner.is_over() {
            inner.awaited.pull();
        }
        takes
    }

    /// How many bytes of newest values are taken at once, if they are more than one piece.
    pub fn most_newest(&self) -> usize {
        self.limit() / 4
    }

    /// Pieces in the order of their versions. `is_more`: there are others, which its own task is to pull.
    pub fn offer_newest(&self, offer: Offer, pieces: &[(Frame, u64)], is_more: bool) -> Offered {
        let mut inner = self.inner.lock();
        let inner = &mut *inner;
        if inner.is_over() {
            return Offered::Refused;
        }
        let most = self.most_newest();
        let (mut taken, mut until, mut must_flush) = (0, None, false);
        for (piece, version) in pieces {
            let fits = taken == 0 || taken + piece.len() <= most;
            if !(fits && (taken > 0 || inner.takes_newest(offer, most))) {
                inner.awaited.pull();
                return Offered::Some { until, must_flush };
            }
            (taken, until) = (taken + piece.len(), Some(*version));
            must_flush |= self.enqueue(inner, |queue| queue.push(piece.clone())) == Enqueued::MustFlush;
        }
        if is_more {
            inner.awaited.pull();
            return Offered::Some { until, must_flush };
        }
        Offered::All { must_flush }
    }

    /// Has its own task pull what its client has not had.
    pub fn pull_later(&self) {
        let inner = &mut *self.inner.lock();
        if !inner.is_over() {
            self.count(inner);
            inner.awaited.pull();
            inner.wake_owner();
        }
    }
}

impl Inner {
    fn takes_newest(&self, offer: Offer, most: usize) -> bool {
        let takes_now = matches!(self.state, State::Open) && self.blocked.is_none();
        match offer {
            // Behind what else is told as it enters; else it pulls them when it has taken that.
            Offer::AtEntry => self.bytes() <= most,
            Offer::InTurn => takes_now && self.queue.is_empty(),
            // Behind what another of its rooms has been pulled of.
            Offer::Pulled => takes_now && self.queue.bytes() <= most,
        }
    }
}
