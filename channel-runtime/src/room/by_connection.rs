//! A map by connection: an unordered list, with an index if it is long. Most are short, and searching a few is faster than hashing.

use std::ops::Range;

use hashbrown::HashTable;

use crate::connection::id::ConnectionId;

const FEW: usize = 16;

type Index = HashTable<u32>;

#[derive(Debug)]
pub(crate) struct ByConnection<T> {
    /// With serial numbers, so that no value is fetched from memory to be skipped.
    entries: Vec<(u64, T)>,
    index: Option<Box<Index>>,
}

impl<T> ByConnection<T> {
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// With their connections' [serial numbers](ConnectionId::serial).
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (u64, &T)> {
        self.entries.iter().map(|(serial, value)| (*serial, value))
    }

    pub fn values(&self) -> impl ExactSizeIterator<Item = &T> {
        self.entries.iter().map(|(_, value)| value)
    }

    pub fn range(&self, places: Range<usize>) -> impl Iterator<Item = &T> {
        let end = places.end.min(self.len());
        self.entries[places.start.min(end)..end].iter().map(|(_, value)| value)
    }

    pub fn get(&self, id: ConnectionId) -> Option<&T> {
        id.is_here().then(|| self.place(id.serial())).flatten().map(|place| &self.entries[place].1)
    }

    /// Returns whether the connection had no value; if it had one, that stays.
    pub fn insert(&mut self, id: ConnectionId, value: T) -> bool {
        let serial = id.serial();
        if self.place(serial).is_some() {
            return false;
        }
        let place = self.entries.len();
        if place == self.entries.capacity() {
            self.entries.reserve_exact((place / 2).max(2));
        }
        self.entries.push((serial, value));
        let Self { entries, index } = self;
        match index {
            Some(index) => add(index, entries, place),
            None if entries.len() > FEW => {
                let mut all = Box::new(Index::with_capacity(2 * entries.len()));
                (0..entries.len()).for_each(|place| add(&mut all, entries, place));
                *index = Some(all);
            }
            None => {}
        }
        true
    }

    /// The last in the list takes its place.
    pub fn remove(&mut self, id: ConnectionId) -> Option<T> {
        if !id.is_here() {
            return None;
        }
        let place = self.place(id.serial())?;
        let last = self.entries.len() - 1;
        if let Some(index) = &mut self.index {
            if let Ok(entry) = index.find_entry(hash(id.serial()), |other| *other as usize == place) {
                entry.remove();
            }
            if let Some(moved) = index.find_mut(hash(self.entries[last].0), |other| *other as usize == last) {
                *moved = to_u32(place);
            }
        }
        let (_, value) = self.entries.swap_remove(place);
        self.shrink();
        Some(value)
    }

    fn place(&self, serial: u64) -> Option<usize> {
        let entries = &self.entries;
        match &self.index {
            None => entries.iter().position(|(other, _)| *other == serial),
            Some(index) => {
                let place = index.find(hash(serial), |place| entries[*place as usize].0 == serial)?;
                Some(*place as usize)
            }
        }
    }

    fn shrink(&mut self) {
        let Self { entries, index } = self;
        let len = entries.len();
        if len <= FEW / 2 {
            *index = None;
        }
        if 4 * len < entries.capacity() {
            entries.shrink_to(2 * len);
            if let Some(index) = index {
                index.shrink_to(2 * len, |place| hash(entries[*place as usize].0));
            }
        }
    }
}

impl<T> Default for ByConnection<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), index: None }
    }
}

fn add<T>(index: &mut Index, entries: &[(u64, T)], place: usize) {
    let hash_at = |place: &u32| hash(entries[*place as usize].0);
    index.insert_unique(hash(entries[place].0), to_u32(place), hash_at);
}

/// No client chooses a serial number, so that spreading them is enough. The table uses the highest and the lowest bits.
fn hash(serial: u64) -> u64 {
    serial.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(32)
}

fn to_u32(place: usize) -> u32 {
    u32::try_from(place).expect("there are fewer than 2^32 connections")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn all<T: Copy>(list: &ByConnection<T>) -> Vec<(u64, T)> {
        let sorted: BTreeMap<u64, T> = list.iter().map(|(serial, value)| (serial, *value)).collect();
        assert_eq!(sorted.len(), list.len());
        sorted.into_iter().collect()
    }

    proptest! {
        #[test]
        fn whatever_was_inserted_and_not_removed_is_found(
            steps in prop::collection::vec((any::<bool>(), 0..60_usize), 1..400),
        ) {
            let ids: Vec<_> = std::iter::repeat_with(ConnectionId::next).take(60).collect();
            let (mut list, mut model) = (ByConnection::default(), BTreeMap::new());
            for (n, (is_insert, at)) in steps.into_iter().enumerate() {
                let id = ids[at];
                if is_insert {
                    prop_assert_eq!(list.insert(id, n), !model.contains_key(&id.serial()));
                    model.entry(id.serial()).or_insert(n);
                } else {
                    prop_assert_eq!(list.remove(id), model.remove(&id.serial()));
                }
                prop_assert_eq!(list.is_empty(), model.is_empty());
            }
            for id in ids {
                prop_assert_eq!(list.get(id), model.get(&id.serial()));
            }
            prop_assert_eq!(all(&list), model.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn many_are_found_without_looking_through_them_and_leave_no_room_behind() {
        let ids: Vec<_> = std::iter::repeat_with(ConnectionId::next).take(100_000).collect();
        let mut list = ByConnection::default();
        for (at, id) in ids.iter().enumerate() {
            assert!(list.insert(*id, at));
            assert!(!list.insert(*id, 0));
            assert_eq!(list.index.is_some(), at >= FEW);
        }
        for (at, id) in ids.iter().enumerate() {
            assert_eq!(list.remove(*id), Some(at));
            assert_eq!(list.remove(*id), None);
            let left = list.len();
            assert_eq!(list.index.is_some(), left > FEW / 2);
            assert!(list.entries.capacity() <= 4 * left.max(1), "{} for {left}", list.entries.capacity());
            let indexed = list.index.as_ref().map_or(0, |index| index.capacity());
            assert!(indexed <= 8 * left + 64, "{indexed} for {left}");
        }
    }

    #[test]
    fn a_connection_of_another_process_is_not_here() {
        let (id, mut list) = (ConnectionId::next(), ByConnection::default());
        list.insert(id, ());
        let (node, serial) = id.to_string().split_once('-').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        let other_node = u64::from_str_radix(&node, 16).unwrap() ^ 1;
        let other: ConnectionId = format!("{other_node:016x}-{serial}").parse().unwrap();
        assert_eq!((list.get(id), list.get(other)), (Some(&()), None));
        assert_eq!((list.remove(other), list.remove(id)), (None, Some(())));
    }
}
