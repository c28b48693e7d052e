//! How crowded a room is: how many of its readers are behind, and whether those take what they are sent.

use std::time::Duration;

use tokio::time::Instant;

use crate::connection::outbox::blocked::Lag;

/// How often held senders are checked. What they sent counts as not written meanwhile.
pub(crate) const LOOKS_A_SECOND: isize = 100;
pub(crate) const LOOK_AFTER: Duration = Duration::from_millis(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Crowd {
    Few,
    /// One of a few is near its bound, and takes what it is sent or has not been written to for a while.
    NearBound,
    /// The same, and it took something a moment ago; or two did for which more than half of their bound waits.
    Taking,
    /// A quarter, with those that were found a moment ago and may take nothing.
    New,
    /// A quarter, or an eighth (two at least) that took something a moment ago and for which over half of their bound waits.
    Quarter,
    Half,
}

/// How many more checks a few readers far behind may slow the room: a segment may be lost. Not if they are always slower.
pub(super) struct Lone {
    looks: u32,
    since: Instant,
}

impl Default for Lone {
    fn default() -> Self {
        Self { looks: Self::MOST, since: Instant::now() }
    }
}

impl Lone {
    /// Two seconds, in thirty.
    const MOST: u32 = 2 * LOOKS_A_SECOND as u32;
    const EACH: Duration = Duration::from_secs(30);

    pub fn take(&mut self) -> bool {
        if self.since.elapsed() > Self::EACH {
            *self = Self::default();
        }
        self.looks = self.looks.saturating_sub(1);
        self.looks > 0
    }
}

#[derive(Default)]
pub(super) struct Lags {
    behind: usize,
    taking: usize,
    new: usize,
    far: usize,
    near_bound: bool,
    took_lately: bool,
}

impl Lags {
    pub fn add(&mut self, lag: Lag) {
        self.behind += 1;
        if lag.takes {
            // If less than half of its bound waits, there is time to find out whether it takes anything.
            let is_new = lag.is_new && lag.quarters < 2;
            self.new += usize::from(is_new);
            self.taking += usize::from(!is_new);
            // Credit is not enough here: before that of a stalled client is used up, half of its bound waits.
            self.far += usize::from(lag.quarters >= 2 && lag.took_lately);
            self.took_lately |= lag.quarters >= 3 && lag.took_lately;
        }
        self.near_bound |= lag.quarters >= 3 && (lag.takes || lag.is_stale);
    }

    /// `slow_members` of the `readers` may be behind: those that were not counted are taken to be like those that were.
    pub fn crowd(self, slow_members: usize, readers: usize) -> Crowd {
        let of_all = |found: usize| (found * slow_members).checked_div(self.behind).unwrap_or(0);
        let (taking, new, far) = (of_all(self.taking), of_all(self.new), of_all(self.far));
        let least = readers.min(2);
        if taking >= readers.div_ceil(2).max(least) {
            Crowd::Half
        } else if taking >= readers.div_ceil(4).max(least) || far >= readers.div_ceil(8).max(least) {
            Crowd::Quarter
        } else if taking + new >= readers.div_ceil(4).max(least) {
            Crowd::New
        } else if far >= least || self.took_lately {
            Crowd::Taking
        } else if self.near_bound {
            Crowd::NearBound
        } else {
            Crowd::Few
        }
    }
}
