//! The counting of what was dropped: volatile messages that clients were not sent, by type.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::protocol::describe::MessageShape;
use crate::room::class::{Class, TypeHash};
use crate::socket::count::Count;

/// How often a channel's log says that messages are dropped, at most.
const SAY_EVERY: Duration = Duration::from_secs(10);

/// What a channel has dropped, by type. Most channels have no volatile types.
#[derive(Default)]
pub(crate) struct Drops {
    types: Box<[(&'static str, TypeHash, Count)]>,
    /// When the log said so, and how many were dropped since.
    said: Mutex<(Option<Instant>, usize)>,
}

impl Drops {
    pub fn of(shapes: &'static [MessageShape]) -> Self {
        let volatile = shapes.iter().filter(|shape| shape.delivery.is_volatile());
        let types = volatile.map(|shape| (shape.wire_type, TypeHash::of(shape.wire_type), Count::default())).collect();
        Self { types, said: Mutex::default() }
    }

    /// Each volatile type, and how many times a client was not sent it.
    pub fn by_type(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.types.iter().map(|(wire_type, _, count)| (*wire_type, count.get()))
    }

    #[cold]
    pub fn add(&self, channel: &'static str, class: Class, dropped: usize) {
        let Class::Volatile(hash) = class else { return };
        let Some((wire_type, _, count)) = self.types.iter().find(|(_, of, _)| *of == hash) else { return };
        count.add(dropped);
        if let Some(dropped) = self.to_be_said(dropped) {
            tracing::info!(channel, r#type = wire_type, dropped, "volatile messages were dropped: clients are behind");
        }
    }

    fn to_be_said(&self, dropped: usize) -> Option<usize> {
        let mut said = self.said.lock();
        said.1 += dropped;
        let now = Instant::now();
        if said.0.is_some_and(|at| now.duration_since(at) < SAY_EVERY) {
            return None;
        }
        said.0 = Some(now);
        Some(std::mem::take(&mut said.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_log_says_it_at_once_and_then_every_ten_seconds() {
        let drops = Drops::default();
        assert_eq!(drops.to_be_said(3), Some(3));
        assert_eq!(drops.to_be_said(1), None);
        tokio::time::advance(SAY_EVERY - Duration::from_millis(1)).await;
        assert_eq!(drops.to_be_said(1), None);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(drops.to_be_said(1), Some(3));
        assert_eq!(drops.to_be_said(1), None);
    }
}
