//! The pace at which the log says that something was counted: each count once in ten seconds at most.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

const SAY_EVERY: Duration = Duration::from_secs(10);

/// How much of a count the log has told, and when it may tell more.
pub(crate) struct Seldom {
    told: AtomicU64,
    /// In milliseconds after `start`.
    due: AtomicU64,
    start: Instant,
}

impl Seldom {
    pub fn new() -> Self {
        Self { told: AtomicU64::new(0), due: AtomicU64::new(0), start: Instant::now() }
    }

    /// Returns by how much the count has grown since the log last told of it. `None` if that is nothing, or was not long ago.
    pub fn tells(&self, count: u64) -> Option<u64> {
        if count == self.told.load(Ordering::Relaxed) {
            return None;
        }
        let due = self.due.load(Ordering::Relaxed);
        let now = self.start.elapsed();
        if now < Duration::from_millis(due) {
            return None;
        }
        let next = (now + SAY_EVERY).as_millis() as u64;
        // Of several threads one says it.
        self.due.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed).ok()?;
        // Another may have told of more meanwhile, if this thread stood still for so long.
        count.checked_sub(self.told.fetch_max(count, Ordering::Relaxed)).filter(|more| *more > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_log_says_it_at_once_and_then_every_ten_seconds() {
        let pointer = Seldom::new();
        assert_eq!(pointer.tells(0), None);
        assert_eq!(pointer.tells(3), Some(3));
        assert_eq!(pointer.tells(4), None);
        tokio::time::advance(SAY_EVERY - Duration::from_millis(1)).await;
        assert_eq!(pointer.tells(5), None);
        assert_eq!(Seldom::new().tells(1), Some(1), "each count by itself");
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(pointer.tells(6), Some(3));
        assert_eq!(pointer.tells(7), None);
        tokio::time::advance(SAY_EVERY).await;
        assert_eq!(pointer.tells(7), Some(1));
        tokio::time::advance(SAY_EVERY).await;
        assert_eq!(pointer.tells(7), None, "there is nothing new");
    }
}
