//! When parcels leave. A parcel costs each node that reads it a wake-up, so under load messages wait for each other; what is said now
//! and then leaves at once.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// So many parcels leave at once after a silence.
const BURST: u32 = 16;

/// Of so many messages in a step, those of several steps leave together: what a parcel costs is then much more than what they cost.
const MANY: usize = 16;

/// So many steps.
const MOST_STEPS: u32 = 8;

/// How late and, by us, how early a timer may wake.
const COARSE: Duration = Duration::from_micros(999);

pub(super) struct Pace {
    /// When the next parcel would leave if all had left in regular steps.
    next: Instant,
    /// How many steps lie between two parcels: one, and under load up to [`MOST_STEPS`].
    steps: u32,
}

impl Pace {
    pub fn new(now: Instant) -> Self {
        Self { next: now, steps: 1 }
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

    /// With so many messages. `most` bounds the time to the next.
    pub fn leaves(&mut self, step: Duration, most: Duration, messages: usize) {
        let are_many = messages >= MANY * self.steps as usize;
        self.steps = if are_many { (self.steps + 1).min(MOST_STEPS) } else { 1 };
        while self.steps > 1 && step * self.steps > most {
            self.steps -= 1;
        }
        self.next = self.next.max(Instant::now()) + step * self.steps;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: Duration = Duration::from_millis(2);

    async fn left(pace: &mut Pace, count: u32) -> Duration {
        left_with(pace, count, STEP, 1).await
    }

    async fn left_with(pace: &mut Pace, count: u32, most: Duration, messages: usize) -> Duration {
        let begun = Instant::now();
        for _ in 0..count {
            pace.may_leave(STEP).await;
            pace.leaves(STEP, most, messages);
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

    #[tokio::test(start_paused = true)]
    async fn many_messages_leave_in_steps_up_to_eight_times_as_long_if_those_are_not_too_long() {
        let mut pace = Pace::new(Instant::now());
        left(&mut pace, BURST + 1).await;
        let most = 8 * STEP;
        assert_eq!(left_with(&mut pace, 100, most, MANY - 1).await, 100 * STEP);
        left_with(&mut pace, 7, most, 7 * MANY).await;
        assert_eq!(left_with(&mut pace, 100, most, 8 * MANY).await, 800 * STEP);
        // In eight steps, so it is less than many in one.
        left_with(&mut pace, 1, most, 8 * MANY - 1).await;
        assert_eq!(left_with(&mut pace, 100, most, MANY - 1).await, 100 * STEP);
        left_with(&mut pace, 7, most, 9 * MANY).await;
        // More nodes are there.
        left_with(&mut pace, 1, 2 * STEP, 9 * MANY).await;
        assert_eq!(left_with(&mut pace, 100, 2 * STEP, 9 * MANY).await, 200 * STEP);
        left_with(&mut pace, 1, STEP, 9 * MANY).await;
        assert_eq!(left_with(&mut pace, 100, STEP, 9 * MANY).await, 100 * STEP);
    }
}
