//! A member: one connection on its channel, with its outbox, its user and its rooms.

use std::sync::Arc;
use std::task::Context;

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
use crate::room::joined::Told;
use crate::room::live_room::LiveRoom;
use crate::room::position::Positions;
use crate::room::recipient::Recipient;
use crate::wire::deflate::Agreed;

// In memory as written here: what a broadcast reads is first, beside the reference count.
#[repr(C)]
pub(crate) struct Member {
    pub(super) outbox: Outbox,
    pub id: ConnectionId,
    /// Of the past of its path's room.
    pub told: Told,
    pub(super) channel: u16,
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

    /// Puts the notices into its inbox whose time has come. Called by the connection's task, which is woken for the next.
    #[inline]
    pub fn poll_timers(&self, cx: &mut Context<'_>) {
        self.apart.inbox.poll_timers(cx, self.outbox.activity());
    }

    /// The text that its identity writes. `None` if it is nobody's.
    pub fn user_name(&self) -> Option<&str> {
        self.user.as_ref().map(UserKey::name)
    }

    /// The index of its channel in the app.
    #[inline]
    pub fn channel(&self) -> usize {
        usize::from(self.channel)
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

    #[inline]
    fn user(&self) -> Option<&UserKey> {
        self.user.as_ref()
    }

    #[inline]
    fn deflate(&self) -> Option<Agreed> {
        self.deflate
    }
}

pub(crate) struct Apart {
    pub liveness: Liveness,
    pub inbox: Inbox,
    /// The runtime of its task. `None` in a test that runs without one.
    pub runtime: Option<Handle>,
    pub joined: Ranked<{ rank::JOINED }, DeclaredRooms>,
}

/// The declared rooms that a connection is in.
#[derive(Default)]
pub(crate) struct DeclaredRooms {
    /// Most connections have none, and hold the place.
    apart: Option<Box<Declared>>,
    has_left: bool,
}

#[derive(Default)]
pub(crate) struct Declared {
    pub rooms: Vec<Arc<LiveRoom>>,
    /// What its client has had of some, before this connection.
    pub positions: Positions,
}

impl DeclaredRooms {
    pub fn with(positions: Positions) -> Self {
        let apart = Declared { rooms: Vec::new(), positions };
        Self { apart: (!apart.positions.declared.is_empty()).then(|| Box::new(apart)), has_left: false }
    }

    pub fn rooms(&self) -> &[Arc<LiveRoom>] {
        self.apart.as_ref().map_or(&[], |apart| &apart.rooms)
    }

    /// `None` if the connection has ended.
    pub fn apart_mut(&mut self) -> Option<&mut Declared> {
        (!self.has_left).then(|| &mut **self.apart.get_or_insert_default())
    }

    pub fn leave(&mut self) -> Option<Vec<Arc<LiveRoom>>> {
        let had_left = std::mem::replace(&mut self.has_left, true);
        (!had_left).then(|| self.apart.take().map_or_else(Vec::new, |apart| apart.rooms))
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
