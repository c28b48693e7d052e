//! A member: one connection on its channel, with its outbox, its user and its rooms.

use std::sync::Arc;

use tokio::runtime::{Handle, Id};

use crate::connection::backpressure::SendBacklog;
use crate::connection::id::ConnectionId;
use crate::connection::inbox::Inbox;
use crate::connection::liveness::Liveness;
use crate::connection::lock_order::{Ranked, rank};
use crate::connection::outbox::Outbox;
use crate::connection::owed_count::OwedCount;
use crate::connection::user_key::UserKey;
use crate::room::exclusions::Exclusions;
use crate::room::live_room::LiveRoom;
use crate::room::recipient::Recipient;
use crate::wire::deflate::Agreed;

// In memory as written here: what a broadcast reads is first, beside the reference count.
#[repr(C)]
pub(crate) struct Member {
    pub(super) outbox: Outbox,
    pub id: ConnectionId,
    pub(super) channel: u32,
    /// The number of the agreed subprotocol in its channel's list; zero for none.
    pub subprotocol: u8,
    pub deflate: Option<Agreed>,
    pub error_details: bool,
    pub owed: OwedCount,
    /// As [`Apart::runtime`], beside what a broadcast reads.
    pub runtime_id: Option<Id>,
    pub user: Option<UserKey>,
    pub own_room: Arc<LiveRoom>,
    pub backlog: SendBacklog,
    /// Two small pieces of memory fill gaps that one large one does not.
    pub apart: Box<Apart>,
}

impl Member {
    /// Everything that is sent to a member passes through this method.
    #[inline]
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// The index of its channel in the app.
    #[inline]
    pub fn channel(&self) -> usize {
        self.channel as usize
    }

    #[inline]
    pub fn is_meant(&self, exclusions: &Exclusions) -> bool {
        exclusions.allows(self.id, self.user.as_ref())
    }
}

impl Recipient for Member {
    #[inline]
    fn id(&self) -> ConnectionId {
        self.id
    }

    #[inline]
    fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    #[inline]
    fn backlog(&self) -> &SendBacklog {
        &self.backlog
    }

    #[inline]
    fn runtime(&self) -> Option<&Handle> {
        self.apart.runtime.as_ref()
    }

    #[inline]
    fn runtime_id(&self) -> Option<Id> {
        self.runtime_id
    }
}

pub(crate) struct Apart {
    pub liveness: Liveness,
    pub inbox: Inbox,
    /// The runtime of its task. `None` in a test that runs without one.
    pub runtime: Option<Handle>,
    pub joined: Ranked<{ rank::JOINED }, Joined>,
}

#[derive(Default)]
pub(crate) struct Joined {
    #[expect(clippy::box_collection, reason = "most connections join none, and hold the place")]
    rooms: Option<Box<Vec<Arc<LiveRoom>>>>,
    has_left: bool,
}

impl Joined {
    pub fn rooms(&self) -> &[Arc<LiveRoom>] {
        self.rooms.as_ref().map_or(&[], |rooms| rooms)
    }

    /// `None` if the connection has ended.
    pub fn rooms_mut(&mut self) -> Option<&mut Vec<Arc<LiveRoom>>> {
        (!self.has_left).then(|| &mut **self.rooms.get_or_insert_default())
    }

    pub fn leave(&mut self) -> Option<Vec<Arc<LiveRoom>>> {
        let had_left = std::mem::replace(&mut self.has_left, true);
        (!had_left).then(|| self.rooms.take().map_or_else(Vec::new, |rooms| *rooms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Idle connections cost more otherwise: of pieces a little larger, glibc leaves a gap beside each.
    #[test]
    fn an_idle_connection_is_two_small_pieces() {
        let (counts, head) = (2 * size_of::<usize>(), size_of::<usize>());
        assert!(counts + size_of::<Member>() + head <= 256, "{}", size_of::<Member>());
        assert!(size_of::<Apart>() + head <= 112, "{}", size_of::<Apart>());
    }
}
