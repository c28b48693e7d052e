//! The counting of what was dropped: volatile messages that clients were not sent, by type.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::protocol::describe::MessageShape;
use crate::room::class::{Class, TypeHash};
use crate::socket::count::Count;

/// How often the log says that messages of a type are dropped, at most.
const SAY_EVERY: Duration = Duration::from_secs(10);

/// What a channel has dropped, by type. Most channels have no volatile types.
#[derive(Default)]
pub(crate) struct Drops {
    types: Box<[Dropped]>,
}

struct Dropped {
    wire_type: &'static str,
    hash: TypeHash,
    count: Count,
    /// How many of them the log has told.
    said: AtomicU64,
    /// When the log may say more, in milliseconds after `start`.
    due: AtomicU64,
    start: Instant,
}

impl Drops {
    pub fn of(shapes: &'static [MessageShape]) -> Self {
        let volatile = shapes.iter().filter(|shape| shape.delivery.is_volatile());
        Self { types: volatile.map(|shape| Dropped::of(shape.wire_type)).collect() }
    }

    /// Each volatile type, and how many times a client was not sent it.
    pub fn by_type(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.types.iter().map(|dropped| (dropped.wire_type, dropped.count.get()))
    }

    #[cold]
    pub fn add(&self, channel: &'static str, class: Class, more: usize) {
        let Class::Volatile(hash) = class else { return };
        let Some(of_type) = self.types.iter().find(|of| of.hash == hash) else { return };
        if let Some(dropped) = of_type.add(more) {
            let kind = of_type.wire_type;
            tracing::info!(channel, r#type = kind, dropped, "volatile messages were dropped: clients are behind");
        }
    }
}

impl Dropped {
    fn of(wire_type: &'static str) -> Self {
        Self {
            wire_type,
            hash: TypeHash::of(wire_type),
            count: Count::default(),
            said: AtomicU64::new(0),
            due: AtomicU64::new(0),
            start: Instant::now(),
        }
    }

    /// Returns what the log is to say: how many were dropped since it last did.
    fn add(&self, more: usize) -> Option<u64> {
        self.count.add(more);
        let due = self.due.load(Ordering::Relaxed);
        let now = self.start.elapsed();
        if now < Duration::from_millis(due) {
            return None;
        }
        let next = (now + SAY_EVERY).as_millis() as u64;
        // Of several threads one says it.
        self.due.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed).ok()?;
        let count = self.count.get();
        Some(count - self.said.swap(count, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_log_says_it_at_once_and_then_every_ten_seconds() {
        let pointer = Dropped::of("pointer");
        assert_eq!(pointer.add(3), Some(3));
        assert_eq!(pointer.add(1), None);
        tokio::time::advance(SAY_EVERY - Duration::from_millis(1)).await;
        assert_eq!(pointer.add(1), None);
        assert_eq!(Dropped::of("typing_by").add(1), Some(1), "each type by itself");
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(pointer.add(1), Some(3));
        assert_eq!(pointer.add(1), None);
    }
}
