//! Which keys were forgotten, and when: a value that was sent before may come later, from another node, and stays away.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::stamp::Stamp;

/// After this what was sent before is no more on its way. In microseconds.
const REMEMBERED: u64 = 600 * 1_000_000;

/// In a cluster. Of so many keys, those that were forgotten last, and not long before the last of them. How long it is since is counted by the
/// stamps, as on the other nodes, but to no later time than it is by this node's own clock: stamps follow a clock that is ahead at once, and
/// what was forgotten just before that is not old.
#[derive(Default)]
pub(super) struct Forgotten {
    stamps: HashMap<Arc<str>, Stamp>,
    in_order: BTreeSet<(Stamp, Arc<str>)>,
}

impl Forgotten {
    /// Whether what was sent then is forgotten.
    pub fn has(&self, key: &str, sent: Stamp) -> bool {
        self.stamps.get(key).is_some_and(|forgotten| !sent.replaces(*forgotten))
    }

    /// `now` is in microseconds since 1970.
    pub fn add(&mut self, key: &Arc<str>, stamp: Stamp, now: u64, most: usize) {
        if self.has(key, stamp) {
            return;
        }
        self.remove(key);
        self.stamps.insert(Arc::clone(key), stamp);
        self.in_order.insert((stamp, Arc::clone(key)));
        let newest = self.in_order.last().map_or(0, |(stamp, _)| stamp.micros).min(now);
        let is_old = |(stamp, _): &(Stamp, Arc<str>)| newest.saturating_sub(stamp.micros) > REMEMBERED;
        while (self.in_order.len() > most || self.in_order.first().is_some_and(is_old))
            && let Some((_, oldest)) = self.in_order.pop_first()
        {
            self.stamps.remove(&oldest);
        }
    }

    #[cfg(feature = "cluster")]
    pub fn iter(&self) -> impl Iterator<Item = &(Stamp, Arc<str>)> {
        self.in_order.iter()
    }

    /// Those that no node has let go of, whatever its clock: on all nodes the same.
    #[cfg(feature = "cluster")]
    pub fn common(&self) -> impl Iterator<Item = Stamp> {
        let newest = self.in_order.last().map_or(0, |(stamp, _)| stamp.micros);
        let stamps = self.in_order.iter().rev().map(|(stamp, _)| *stamp);
        stamps.take_while(move |stamp| newest - stamp.micros <= REMEMBERED)
    }

    /// There is a newer value.
    pub fn remove(&mut self, key: &Arc<str>) {
        // The usual.
        if self.stamps.is_empty() {
            return;
        }
        if let Some(stamp) = self.stamps.remove(key) {
            self.in_order.remove(&(stamp, Arc::clone(key)));
        }
    }
}

#[cfg(all(test, any(feature = "cluster", feature = "deflate")))]
mod tests {
    use super::*;

    const NOW: u64 = 10 * REMEMBERED;

    #[test]
    fn what_was_sent_before_stays_away_and_the_oldest_are_let_go() {
        let at = |micros| Stamp { micros, node: 1 };
        let keys = ["a", "b", "c"].map(Arc::<str>::from);
        let mut forgotten = Forgotten::default();
        forgotten.add(&keys[0], at(10), NOW, 2);
        forgotten.add(&keys[0], at(5), NOW, 2);
        assert!(forgotten.has("a", at(10)) && !forgotten.has("a", at(11)) && !forgotten.has("b", at(1)));
        forgotten.add(&keys[0], at(12), NOW, 2);
        forgotten.add(&keys[1], at(12), NOW, 2);
        forgotten.add(&keys[2], at(11), NOW, 2);
        assert!(forgotten.has("a", at(12)) && forgotten.has("b", at(12)) && !forgotten.has("c", at(1)));
        forgotten.remove(&keys[0]);
        assert!(!forgotten.has("a", at(1)));
        assert_eq!((forgotten.stamps.len(), forgotten.in_order.len()), (1, 1));
    }

    #[test]
    fn what_was_forgotten_long_ago_is_let_go() {
        let at = |micros| Stamp { micros, node: 1 };
        let keys = ["a", "b", "c"].map(Arc::<str>::from);
        let mut forgotten = Forgotten::default();
        forgotten.add(&keys[0], at(1), NOW, 10);
        forgotten.add(&keys[1], at(1 + REMEMBERED), NOW, 10);
        assert!(forgotten.has("a", at(1)));
        forgotten.add(&keys[1], at(2 + REMEMBERED), NOW, 10);
        assert!(!forgotten.has("a", at(1)) && forgotten.has("b", at(1)));
        forgotten.add(&keys[2], at(1), NOW, 10);
        assert!(!forgotten.has("c", at(1)), "it came late");
        assert_eq!((forgotten.stamps.len(), forgotten.in_order.len()), (1, 1));
    }

    #[test]
    fn what_was_forgotten_just_before_the_stamps_jumped_ahead_is_kept_for_its_time() {
        let at = |micros| Stamp { micros, node: 1 };
        let keys = ["a", "b", "c"].map(Arc::<str>::from);
        let mut forgotten = Forgotten::default();
        forgotten.add(&keys[0], at(NOW), NOW, 10);
        // A node has come whose clock is an hour ahead.
        let ahead = NOW + 6 * REMEMBERED;
        forgotten.add(&keys[1], at(ahead), NOW + 1, 10);
        assert!(forgotten.has("a", at(NOW)) && forgotten.has("b", at(ahead)));
        #[cfg(feature = "cluster")]
        assert_eq!(forgotten.common().collect::<Vec<_>>(), [at(ahead)], "the other node has let go of the first");
        forgotten.add(&keys[2], at(ahead + 1), NOW + REMEMBERED, 10);
        assert!(forgotten.has("a", at(NOW)));
        forgotten.add(&keys[2], at(ahead + 2), NOW + REMEMBERED + 1, 10);
        assert!(!forgotten.has("a", at(NOW)) && forgotten.has("b", at(ahead)));
    }
}
