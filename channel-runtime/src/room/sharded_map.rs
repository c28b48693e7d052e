//! A map for concurrent use: in shards, each under a lock of its own.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};

use crate::connection::lock_order::{Ranked, RankedGuard, rank};
use crate::room::reentrancy::assert_outside_send_with;

pub(super) struct ShardedMap<K, V> {
    hasher: RandomState,
    shards: Box<[Ranked<{ rank::SHARD }, HashMap<K, V>>]>,
}

impl<K: Hash + Eq, V> ShardedMap<K, V> {
    pub const SHARDS: usize = 32;

    pub fn new() -> Self {
        let shards = std::iter::repeat_with(Ranked::default).take(Self::SHARDS).collect();
        Self { hasher: RandomState::new(), shards }
    }

    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    /// A copy of what is there, so many at a time, so that no lock is held for long. While some are added and removed, others may be left
    /// out, or be there twice.
    pub fn values(&self, at_once: usize) -> impl Iterator<Item = V>
    where
        V: Clone,
    {
        self.shards.iter().flat_map(move |shard| {
            let (mut taken, mut is_over) = (0, false);
            let few = move || {
                if is_over {
                    return None;
                }
                let few: Vec<V> = shard.lock().values().skip(taken).take(at_once).cloned().collect();
                taken += few.len();
                is_over = few.len() < at_once;
                Some(few)
            };
            std::iter::from_fn(few).flatten()
        })
    }

    /// A copy of all in a shard, taken at once: of all shards together none is left out that is there all the time.
    #[cfg(feature = "cluster")]
    pub fn values_of(&self, shard: usize) -> Vec<V>
    where
        V: Clone,
    {
        self.shards[shard].lock().values().cloned().collect()
    }

    /// A copy of those for which this holds, which is asked under a shard's lock.
    pub fn values_where(&self, holds: impl Fn(&V) -> bool) -> impl Iterator<Item = V>
    where
        V: Clone,
    {
        let these = move |shard: &Ranked<_, HashMap<K, V>>| -> Vec<V> {
            shard.lock().values().filter(|value| holds(value)).cloned().collect()
        };
        self.shards.iter().flat_map(these)
    }

    pub fn shard<Q: Hash + ?Sized>(&self, key: &Q) -> RankedGuard<'_, { rank::SHARD }, HashMap<K, V>> {
        assert_outside_send_with();
        let hash = self.hasher.hash_one(key);
        self.shards[hash as usize % Self::SHARDS].lock()
    }
}

pub(crate) fn shrink<K: Hash + Eq, V>(map: &mut HashMap<K, V>) {
    if map.len() * 4 < map.capacity() {
        map.shrink_to(map.len() * 2);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn all_values_are_copied_once_and_few_at_a_time() {
        const VALUES: usize = 1000;
        let (map, one) = (ShardedMap::new(), Arc::new(()));
        for key in 0..VALUES {
            map.shard(&key).insert(key, (key, Arc::clone(&one)));
        }
        let mut seen = Vec::new();
        for (key, _) in map.values(7) {
            assert!(Arc::strong_count(&one) <= 1 + VALUES + 7);
            // No lock is held meanwhile.
            assert!(map.shard(&key).contains_key(&key));
            seen.push(key);
        }
        seen.sort_unstable();
        assert_eq!(seen, Vec::from_iter(0..VALUES));
        let mut even: Vec<_> = map.values_where(|(key, _)| key % 2 == 0).map(|(key, _)| key).collect();
        even.sort_unstable();
        assert_eq!(even, Vec::from_iter((0..VALUES).step_by(2)));
    }

    #[cfg(feature = "cluster")]
    #[test]
    fn of_shards_that_are_taken_at_once_none_is_left_out_or_there_twice_whatever_comes_and_goes() {
        const VALUES: usize = 10_000;
        let map = ShardedMap::<usize, usize>::new();
        (0..2 * VALUES).for_each(|key| _ = map.shard(&key).insert(key, key));
        let mut seen = Vec::new();
        for key in (0..ShardedMap::<usize, usize>::SHARDS).flat_map(|shard| map.values_of(shard)) {
            seen.push(key);
            // What stays is even.
            let goes = 2 * seen.len() - 1;
            map.shard(&goes).remove(&goes);
            let comes = 2 * VALUES + goes;
            map.shard(&comes).insert(comes, comes);
        }
        let mut stays: Vec<_> = seen.into_iter().filter(|key| key % 2 == 0).collect();
        stays.sort_unstable();
        assert_eq!(stays, Vec::from_iter((0..2 * VALUES).step_by(2)));
    }
}
