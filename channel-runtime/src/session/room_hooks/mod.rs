//! Rooms as places: opened before the first comes in, closed when the last has left and nobody has come for a while.
//!
//! For channels that have `on_room_open`, `on_room_close` or a grace time; the rooms of all others know nothing of it. Each
//! opening has a [`Host`]: its hooks run in tasks of their own, once each, whoever comes and goes meanwhile. Whoever comes
//! while a room is closed has it opened anew, so that no two states of one room are alive at a time.

mod errand;
mod lifecycle;

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;

use self::lifecycle::Found;
pub(crate) use self::lifecycle::{Steward, grace};
use crate::protocol::fault::Fault;
use crate::room::live_room::Members;
use crate::room::state::Host;
use crate::session::dispatch::Dispatch;
use crate::session::rejection::Rejection;

/// The rooms of a channel's path that are being opened, are open, or are being closed.
#[derive(Default)]
pub(crate) struct Places(Mutex<HashMap<Arc<str>, Place>>);

struct Place {
    host: Arc<dyn Host>,
    /// Who has come and is not in the room yet.
    coming: usize,
    phase: Phase,
}

enum Phase {
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
    fn close(&mut self, closed: watch::Receiver<()>) -> Option<Arc<Members>> {
        let Phase::Open { room, .. } = &self.phase else { return None };
        let room = Arc::clone(room);
        self.phase = Phase::Closing { room: Arc::clone(&room), closed };
        Some(room)
    }
}

/// Keeps a room open for one who comes, until dropped.
#[must_use]
pub(crate) struct Stay(Arc<dyn Host>);

impl Drop for Stay {
    fn drop(&mut self) {
        Arc::clone(&self.0).arrived();
    }
}

/// Comes to a room: it is open while the stay, or somebody in it, lasts. Where it is not, it is opened, and waited for.
///
/// # Errors
/// Where it can't be opened. Whoever comes next tries again.
pub(crate) async fn come<C: Dispatch>(steward: Arc<Steward<C>>) -> Result<Stay, Rejection> {
    loop {
        let (stay, mut opened) = match steward.find() {
            Found::Open(stay) => return Ok(stay),
            Found::Opening(stay, opened) => (stay, opened),
            Found::Closing(mut closed) => {
                // An error is what it waits for: nothing is ever told but the end.
                let _ = closed.changed().await;
                continue;
            }
        };
        let outcome = opened.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone());
        return match outcome {
            Some(Ok(())) => Ok(stay),
            Some(Err(refusal)) => Err(refusal),
            None => Err(Rejection::failed(Fault::internal("the opening of a room was dropped"))),
        };
    }
}
