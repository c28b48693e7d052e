//! The rooms of a channel that hooks open and close: which are being opened, open, or being closed.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::room::live_room::Members;
use crate::room::state::Host;
use crate::session::rejection::Rejection;

/// The rooms of a channel's path that are being opened, are open, or are being closed.
#[derive(Default)]
pub(crate) struct Places(pub(super) Mutex<HashMap<Arc<str>, Place>>);

pub(crate) struct Place {
    pub host: Arc<dyn Host>,
    /// Who has come and is not in the room yet.
    pub coming: usize,
    pub phase: Phase,
}

pub(crate) enum Phase {
    /// Tells how it ended. Nothing, where it was dropped with its runtime.
    Opening(watch::Receiver<Option<Result<(), Rejection>>>),
    Open {
        room: Arc<Members>,
        /// When it was left by the last, where that is asked for.
        empty_since: Option<Instant>,
        /// Somebody waits until it has been empty for long enough.
        is_watched: bool,
    },
    Closing {
        room: Arc<Members>,
        /// Ends when the room is no more.
        closed: watch::Receiver<()>,
    },
}

impl Place {
    /// An open room closes from now on; `closed` ends when it is no more.
    pub fn close(&mut self, closed: watch::Receiver<()>) -> Option<Arc<Members>> {
        let Phase::Open { room, .. } = &self.phase else { return None };
        let room = Arc::clone(room);
        self.phase = Phase::Closing { room: Arc::clone(&room), closed };
        Some(room)
    }
}

/// Keeps a room open for one who comes, until dropped.
#[must_use]
pub(crate) struct Stay(pub(super) Arc<dyn Host>);

impl Drop for Stay {
    fn drop(&mut self) {
        Arc::clone(&self.0).arrived();
    }
}
