//! When parcels leave. A parcel costs each node that reads it a wake-up, so under load messages wait for each other; what is said now
//! and then leaves at once.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// So many parcels leave at once after a silence.
const BURST: u32 = 16;

const COARSE: Duration = Duration::from_micros(999);

pub(super) struct Pace {
    /// When the next parcel would leave if all had left in regular steps.
    next: Instant,
}

impl Pace {
    pub fn new(now: Instant) -> Self {
        Self { next: now }
    }

    /// Waits until a parcel may leave. `step` is the time between two, in the long run.
    pub async fn may_leave(&self, step: Duration) {
        let early = step * BURST;
        let due = self.next.checked_sub(early).unwrap_or(self.next);
        if due > Instant::now() {
            // Timers wake at the end of a millisecond: rather a bit early than late, or parcels leave in pairs.
            sleep_until(due.checked_sub(COARSE).unwrap_or(due)).await;
        }
    }

    pub fn leaves(&mut self, step: Duration) {
        self.next = self.next.max(Instant::now()) + step;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: Duration = Duration::from_millis(2);

    async fn left(pace: &mut Pace, count: u32) -> Duration {
        let begun = Instant::now();
        for _ in 0..count {
            pace.may_leave(STEP).await;
            pace.leaves(STEP);
        }
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn some_leave_at_once_and_many_in_steps() {
        let mut pace = Pace::new(Instant::now());
        assert_eq!(left(&mut pace, BURST + 1).await, Duration::ZERO);
        assert_eq!(left(&mut pace, 100).await, 100 * STEP);
        tokio::time::sleep(STEP * (BURST + 1)).await;
        assert_eq!(left(&mut pace, BURST + 1).await, Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_slower_than_the_steps_never_waits() {
        let mut pace = Pace::new(Instant::now());
        for _ in 0..100 {
            tokio::time::sleep(STEP).await;
            assert_eq!(left(&mut pace, 1).await, Duration::ZERO);
        }
    }
}
