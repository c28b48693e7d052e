//! The rooms of a channel that hooks open and close: which are being opened, open, or being closed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::connection::lock_order::{Ranked, rank};
use crate::connection::moment::after;
use crate::room::live_room::LiveRoom;
use crate::room::state::RoomOwner;
use crate::session::rejection::Rejection;

/// A room that is not here is closed.
#[derive(Default)]
pub(crate) struct HookedRooms(pub(super) Ranked<{ rank::ROOM_HOOKS }, HashMap<Arc<str>, HookedRoom>>);

pub(crate) struct HookedRoom {
    pub owner: Arc<dyn RoomOwner>,
    pub entering: usize,
    pub phase: Phase,
}

pub(crate) enum Phase {
    /// Receives how the opening ended; an error if it was dropped with its runtime.
    Opening(watch::Receiver<Option<Result<(), Rejection>>>),
    Open {
        room: Arc<LiveRoom>,
        /// From then on it is kept for the grace time. `None` if nothing but its history keeps it.
        empty_since: Option<Instant>,
        /// A session has ended in it.
        was_used: bool,
        /// Notified if its history keeps it no more. `None` if no task waits until it closes.
        watcher: Option<Arc<Notify>>,
    },
    Closing {
        room: Arc<LiveRoom>,
        /// An error once the room is closed.
        closed: watch::Receiver<()>,
    },
}

pub(crate) enum Next {
    Keep,
    WaitUntil(Instant),
    Close(Arc<LiveRoom>, watch::Sender<()>),
}

impl HookedRoom {
    /// If it is to be closed, it is closing from now on.
    pub fn next(&mut self, now: Instant, grace: Duration, is_draining: bool) -> Next {
        let Phase::Open { room, empty_since, .. } = &self.phase else { return Next::Keep };
        if self.entering > 0 || room.uses() > 0 {
            return Next::Keep;
        }
        // As long as there is history for who comes back.
        let grace_ends = empty_since.map_or(now, |since| after(since, grace));
        let due = grace_ends.max(room.kept_until().unwrap_or(now));
        if due > now && !is_draining {
            return Next::WaitUntil(due);
        }
        let (sender, closed) = watch::channel(());
        let room = Arc::clone(room);
        self.phase = Phase::Closing { room: Arc::clone(&room), closed };
        Next::Close(room, sender)
    }
}

#[must_use]
pub(crate) struct EntryHold(pub(super) Arc<dyn RoomOwner>);

impl Drop for EntryHold {
    fn drop(&mut self) {
        Arc::clone(&self.0).on_entered();
    }
}
