//! A map that knows the order in which its entries were added, so that the oldest can be taken out.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use crate::room::sharded_map::shrink;

/// A key is cloned once for each entry, and should be a pointer.
pub(crate) struct OldestFirst<K, V> {
    by_key: HashMap<K, (u64, V)>,
    /// By the numbers of the entries, which rise.
    in_order: BTreeMap<u64, K>,
    next: u64,
}

impl<K, V> Default for OldestFirst<K, V> {
    fn default() -> Self {
        Self { by_key: HashMap::new(), in_order: BTreeMap::new(), next: 0 }
    }
}

impl<K: Clone + Eq + Hash, V> OldestFirst<K, V> {
    #[cfg(any(test, feature = "ops"))]
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    #[cfg(test)]
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.by_key.keys()
    }

    /// With its number.
    pub fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<(u64, &V)>
    where
        K: Borrow<Q>,
    {
        self.by_key.get(key).map(|(number, value)| (*number, value))
    }

    /// Adds the newest entry, under a key that has none. Its number is higher than all before.
    pub fn add(&mut self, key: K, value: V) -> u64 {
        let number = self.next;
        self.next += 1;
        self.in_order.insert(number, key.clone());
        let before = self.by_key.insert(key, (number, value));
        debug_assert!(before.is_none(), "the key has an entry");
        number
    }

    pub fn get_mut<Q: Eq + Hash + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.by_key.get_mut(key).map(|(_, value)| value)
    }

    pub fn numbered_mut(&mut self, number: u64) -> Option<(&K, &mut V)> {
        let key = self.in_order.get(&number)?;
        self.by_key.get_mut(key).map(|(_, value)| (key, value))
    }

    /// With its number.
    pub fn oldest(&self) -> Option<(u64, &V)> {
        let (number, key) = self.in_order.first_key_value()?;
        self.by_key.get(key).map(|(_, value)| (*number, value))
    }

    pub fn remove(&mut self, number: u64) -> Option<(K, V)> {
        let key = self.in_order.remove(&number)?;
        let (_, value) = self.by_key.remove(&key).expect("what is in order is here by its key");
        shrink(&mut self.by_key);
        Some((key, value))
    }
}
