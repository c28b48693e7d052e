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
    const SHARDS: usize = 32;

    pub fn new() -> Self {
        let shards = std::iter::repeat_with(Ranked::default).take(Self::SHARDS).collect();
        Self { hasher: RandomState::new(), shards }
    }

    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    /// A copy of what is there, of one shard after the other.
    pub fn values(&self) -> impl Iterator<Item = V>
    where
        V: Clone,
    {
        self.shards.iter().flat_map(|shard| shard.lock().values().cloned().collect::<Vec<_>>())
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
