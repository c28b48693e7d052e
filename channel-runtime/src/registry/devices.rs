//! The connections of one user: a list where they are few, as mostly, and found by name where they are many.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::connection::{Connection, ConnectionId};

/// Up to so many are looked through: a list costs the least memory.
const FEW: usize = 16;

#[derive(Debug)]
pub(super) enum Devices<C = Arc<Connection>> {
    Few(Vec<C>),
    Many(Box<IndexMap<ConnectionId, C>>),
}

/// What has a connection's name.
pub(super) trait Named: Clone {
    fn id(&self) -> ConnectionId;
}

impl Named for Arc<Connection> {
    fn id(&self) -> ConnectionId {
        self.id
    }
}

impl<C: Named> Devices<C> {
    /// It is not there yet.
    pub fn add(&mut self, device: &C) {
        match self {
            Self::Few(few) if few.len() < FEW => few.push(device.clone()),
            Self::Few(few) => {
                let few = std::mem::take(few);
                let all = few.into_iter().chain([device.clone()]);
                *self = Self::Many(Box::new(all.map(|device| (device.id(), device)).collect()));
            }
            Self::Many(many) => drop(many.insert(device.id(), device.clone())),
        }
    }

    pub fn remove(&mut self, id: ConnectionId) {
        match self {
            Self::Few(few) => few.retain(|device| device.id() != id),
            Self::Many(many) => {
                many.swap_remove(&id);
                if many.len() <= FEW / 2 {
                    *self = Self::Few(many.values().cloned().collect());
                } else if many.len() * 4 < many.capacity() {
                    let room = many.len() * 2;
                    many.shrink_to(room);
                }
            }
        }
    }

    pub fn all(&self) -> Vec<C> {
        match self {
            Self::Few(few) => few.clone(),
            Self::Many(many) => many.values().cloned().collect(),
        }
    }

    pub fn len(&self) -> usize {
        match self {
            Self::Few(few) => few.len(),
            Self::Many(many) => many.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<C> Default for Devices<C> {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Named for ConnectionId {
        fn id(&self) -> ConnectionId {
            *self
        }
    }

    #[test]
    fn whoever_was_added_and_not_removed_is_there() {
        let ids: Vec<_> = std::iter::repeat_with(ConnectionId::next).take(100_000).collect();
        let mut devices = Devices::default();
        ids.iter().for_each(|id| devices.add(id));
        assert_eq!(devices.len(), ids.len());
        // From the front, as a list likes it least.
        for (at, id) in ids.iter().enumerate() {
            devices.remove(*id);
            if let left @ ..40 = ids.len() - at - 1 {
                let mut all = devices.all();
                all.sort();
                assert_eq!(all, ids[at + 1..], "{left}");
            }
        }
        assert!(devices.is_empty());
    }

    #[test]
    fn few_are_a_list_again_when_many_have_left() {
        let ids: Vec<_> = std::iter::repeat_with(ConnectionId::next).take(1000).collect();
        let mut devices = Devices::default();
        let is_list = |devices: &Devices<ConnectionId>| matches!(devices, Devices::Few(_));
        for (at, id) in ids.iter().enumerate() {
            devices.add(id);
            assert_eq!(is_list(&devices), at < FEW);
        }
        for (at, id) in ids.iter().enumerate() {
            devices.remove(*id);
            assert_eq!(is_list(&devices), ids.len() - at - 1 <= FEW / 2);
            if let Devices::Many(many) = &devices {
                assert!(many.capacity() <= 4 * many.len() + 64, "{} for {}", many.capacity(), many.len());
            }
        }
    }
}
