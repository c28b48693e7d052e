//! One connection as the others see it: its name, its outbox, and where it is a member.

use std::sync::Arc;

use tokio::runtime::{Handle, Id};

use crate::connection::backpressure::SendBacklog;
use crate::connection::id::ConnectionId;
use crate::connection::inbox::Inbox;
use crate::connection::liveness::Liveness;
use crate::connection::lock_order::{Ranked, rank};
use crate::connection::outbox::Outbox;
use crate::connection::owed::Owed;
use crate::connection::user_key::UserKey;
use crate::room::exclusions::Exclusions;
use crate::room::live_room::LiveRoom;
use crate::room::recipient::Recipient;
use crate::wire::deflate::Agreed;

// In memory as written here: what a broadcast looks at comes first, beside the count of those who hold it.
#[repr(C)]
pub(crate) struct Member {
    pub(super) outbox: Outbox,
    pub id: ConnectionId,
    /// The place of its channel in the app.
    pub channel: usize,
    /// What was agreed with its client on compression.
    pub deflate: Option<Agreed>,
    /// Whether its client is told all that is wrong with a message.
    pub error_details: bool,
    pub owed: Owed,
    /// On which runtime its task runs; as [`Apart::runtime`], beside what a broadcast looks at.
    pub runtime_id: Option<Id>,
    /// Who it is, where the channel says so.
    pub user: Option<UserKey>,
    /// The room of its path.
    pub own_room: Arc<LiveRoom>,
    pub backlog: SendBacklog,
    /// Two small pieces of memory fill gaps that one large one does not.
    pub apart: Box<Apart>,
}

impl Member {
    /// What waits for its client. All sends to it and all reads of what waits go through this.
    #[inline]
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Whether what is sent with this exclusions is for it.
    #[inline]
    pub fn is_meant(&self, exclusions: &Exclusions) -> bool {
        exclusions.allows(self.id, self.user.as_ref())
    }
}

impl Recipient for Member {
    fn id(&self) -> ConnectionId {
        self.id
    }

    fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    fn backlog(&self) -> &SendBacklog {
        &self.backlog
    }

    fn runtime(&self) -> Option<&Handle> {
        self.apart.runtime.as_ref()
    }

    fn runtime_id(&self) -> Option<Id> {
        self.runtime_id
    }
}

/// What no broadcast looks at of a connection.
pub(crate) struct Apart {
    pub liveness: Liveness,
    /// What its handler is told from outside.
    pub inbox: Inbox,
    /// Where its task runs. `None` outside a runtime, in a test that is its own client.
    pub runtime: Option<Handle>,
    pub joined: Ranked<{ rank::JOINED }, Joined>,
}

/// The declared rooms that a connection has joined.
#[derive(Default)]
pub(crate) struct Joined {
    #[expect(clippy::box_collection, reason = "most connections join none, and hold the place")]
    rooms: Option<Box<Vec<Arc<LiveRoom>>>>,
    /// It has left for good: it joins none any more.
    has_left: bool,
}

impl Joined {
    pub fn rooms(&self) -> &[Arc<LiveRoom>] {
        self.rooms.as_ref().map_or(&[], |rooms| rooms)
    }

    /// The same, to be changed. `None` once it has left for good.
    pub fn rooms_mut(&mut self) -> Option<&mut Vec<Arc<LiveRoom>>> {
        (!self.has_left).then(|| &mut **self.rooms.get_or_insert_default())
    }

    /// It leaves for good. `None` where it has left.
    pub fn leave(&mut self) -> Option<Vec<Arc<LiveRoom>>> {
        let had_left = std::mem::replace(&mut self.has_left, true);
        (!had_left).then(|| self.rooms.take().map_or_else(Vec::new, |rooms| *rooms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the benchmark's idle connections cost depends on it: of pieces a little larger, glibc leaves a gap beside each.
    #[test]
    fn an_idle_connection_is_two_small_pieces() {
        let (counts, head) = (2 * size_of::<usize>(), size_of::<usize>());
        assert!(counts + size_of::<Member>() + head <= 256, "{}", size_of::<Member>());
        assert!(size_of::<Apart>() + head <= 112, "{}", size_of::<Apart>());
    }
}
