//! What is owed: the newest values of rooms, to nodes that have asked for them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Weak};

use super::node_id::NodeId;
use crate::connection::in_flight::WorkGuard;
use crate::room::live_room::LiveRoom;

/// For so many rooms at most other nodes are owed an answer.
const MOST_OWED: usize = 1 << 16;

#[derive(Default)]
pub(super) struct Debts {
    /// In the order in which they were asked for.
    order: VecDeque<Owes>,
    of: HashMap<Owes, Owed>,
}

/// The newest values of a room, for a node that has asked for them.
pub(super) struct Owed {
    pub to: Owes,
    pub room: Weak<LiveRoom>,
    /// Of what the node knows.
    pub digest: u64,
    _in_flight: WorkGuard,
}

/// To whom, and of what. It is owed once, however often it is asked for.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Owes {
    pub node: NodeId,
    pub channel: usize,
    /// `None` for all of the channel.
    pub name: Option<Arc<str>>,
}

impl Owed {
    pub fn new(to: Owes, room: &Arc<LiveRoom>, digest: u64, in_flight: WorkGuard) -> Self {
        Self { to, room: Arc::downgrade(room), digest, _in_flight: in_flight }
    }
}

impl Debts {
    /// In place of what was owed to the same node of the same room. Returns whether it is owed: more than [`MOST_OWED`] are not.
    pub fn add(&mut self, owed: Owed) -> bool {
        let to = owed.to.clone();
        if self.of.len() >= MOST_OWED {
            return self.of.get_mut(&to).map(|before| *before = owed).is_some();
        }
        if self.of.insert(to.clone(), owed).is_none() {
            self.order.push_back(to);
        }
        true
    }

    /// What was asked for first.
    pub fn take(&mut self) -> Option<Owed> {
        let to = self.order.pop_front()?;
        self.of.remove(&to)
    }

    pub fn len(&self) -> usize {
        self.of.len()
    }

    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::any::TypeId;

    use super::*;
    use crate::room::membership::NewConnection;
    use crate::room::registry::Registry;

    #[test]
    fn what_is_owed_is_owed_once_and_of_no_more_than_so_many_rooms() {
        let mut registry = Registry::new();
        registry.add::<()>(TypeId::of::<()>(), || None, None);
        let registry = Arc::new(registry);
        let guard = registry.enter(NewConnection::into_room("/"));
        let room = registry.room(0, "/").expect("somebody is in it");
        let owed = |node, digest| {
            let to = Owes { node: NodeId(node), channel: 0, name: Some(Arc::clone(room.name())) };
            Owed::new(to, &room, digest, WorkGuard::default())
        };
        let mut debts = Debts::default();
        assert!(debts.add(owed(1, 5)) && debts.add(owed(2, 6)) && debts.add(owed(1, 7)));
        let mut taken = || debts.take().map(|owed| (owed.to.node.0, owed.digest));
        assert_eq!([taken(), taken(), taken()], [Some((1, 7)), Some((2, 6)), None]);
        assert!(debts.is_empty());
        for node in 0..MOST_OWED as u64 {
            assert!(debts.add(owed(node, 0)));
        }
        assert!(!debts.add(owed(u64::MAX, 0)) && debts.add(owed(3, 1)));
        drop(guard);
    }
}
