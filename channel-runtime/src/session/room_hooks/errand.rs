//! The errands of a steward: one opens a room, one waits until it has been empty for long enough, one closes it.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::lifecycle::{Steward, grace};
use super::places::Phase;
use crate::connection::moment::after;
use crate::connection::shutdown::SessionGuard;
use crate::protocol::escaped::Escaped;
use crate::protocol::fault::Fault;
use crate::room::live_room::Members;
use crate::room::state::{self, Host};
use crate::session::dispatch::Dispatch;
use crate::session::guard::Interrupted;
use crate::session::rejection::Rejection;

/// A task that opens, watches or closes a room; dropped, the room is no more, whatever befell the task.
pub(super) struct Errand<C: Dispatch> {
    steward: Arc<Steward<C>>,
    /// Its end leaves the room as it is.
    is_done: bool,
    /// A server that stops waits for it.
    _counted: SessionGuard,
}

impl<C: Dispatch> Errand<C> {
    pub fn new(steward: &Arc<Steward<C>>) -> Self {
        let counted = steward.served.node.shutdown.begin_session();
        Self { steward: Arc::clone(steward), is_done: false, _counted: counted }
    }

    /// Runs `on_room_open`.
    pub async fn open(mut self) -> Result<(), Rejection> {
        let steward = Arc::clone(&self.steward);
        let _work = steward.begin("on_room_open");
        let hook = C::room_opened(&steward.room, &steward.app);
        let state = match steward.run(hook, Duration::ZERO).await {
            Ok(Ok(state)) => state,
            Ok(Err(fault)) => return Err(Rejection::failed(fault)),
            Err(Interrupted::Panicked) => {
                let (fault, id) = Fault::unexplained();
                tracing::error!(channel = C::NAME, room = %Escaped(&steward.room), %id, "`on_room_open` panicked");
                return Err(Rejection::failed(fault));
            }
            Err(Interrupted::TimedOut) => {
                let (fault, id) = Fault::new(Fault::TIMEOUT, "it took too long").with_id();
                tracing::warn!(channel = C::NAME, room = %Escaped(&steward.room), %id, "`on_room_open` timed out");
                return Err(Rejection::failed(fault));
            }
            Err(Interrupted::Cancelled | Interrupted::ClientGone) => return Err(Rejection::going_away()),
        };
        let host: Arc<dyn Host> = Arc::clone(&steward) as _;
        let room = Arc::new(Members::new(Arc::clone(steward.name()), Some(state::state(state))).hosted(host));
        steward.with_place(|place| {
            steward.served.node.registry.put_up(steward.hub.channel(), &room);
            place.phase = Phase::Open { room, empty_since: None, is_watched: false };
        });
        self.is_done = true;
        // All who came for it may have left meanwhile.
        steward.look_after();
        Ok(())
    }

    /// Waits until the room has been empty for the grace time, and closes it; or until somebody is there.
    pub async fn watch(mut self) {
        let steward = Arc::clone(&self.steward);
        let shutdown = Arc::clone(&steward.served.node.shutdown);
        let grace = grace::<C>(&steward.served.config).unwrap_or_default();
        loop {
            // Made before the look, so that it is not missed between the two.
            let stops = shutdown.drain_started();
            let (tell, closed) = watch::channel(());
            let next = steward.with_place(|place| {
                let Phase::Open { room, empty_since, is_watched } = &mut place.phase else { return None };
                if place.coming > 0 || room.visits() > 0 {
                    *is_watched = false;
                    return None;
                }
                let now = Instant::now();
                let due = after(empty_since.unwrap_or(now), grace);
                if due > now && !shutdown.is_draining() {
                    return Some(Either::Left(due));
                }
                place.close(closed).map(Either::Right)
            });
            match next.flatten() {
                None => break,
                Some(Either::Left(due)) => {
                    select(pin!(sleep_until(due)), pin!(stops)).await;
                }
                Some(Either::Right(room)) => return self.close(room, tell).await,
            }
        }
        self.is_done = true;
    }

    /// Runs `on_room_close`; who waits for its end is told when the room is no more.
    pub async fn close(self, room: Arc<Members>, tell: watch::Sender<()>) {
        let steward = Arc::clone(&self.steward);
        let _work = steward.begin("on_room_close");
        if let Some(Ok(state)) = room.take_state().map(|state| state.into_inner().downcast()) {
            let hook = C::room_closed(&steward.room, *state, &steward.app);
            let what = match steward.run(hook, steward.served.config.shutdown_timeout).await {
                Ok(()) => None,
                Err(Interrupted::Panicked) => Some("panicked"),
                Err(Interrupted::TimedOut) => Some("timed out"),
                Err(Interrupted::Cancelled | Interrupted::ClientGone) => Some("was cancelled: the server stops"),
            };
            if let Some(what) = what {
                tracing::error!(channel = C::NAME, room = %Escaped(&steward.room), "`on_room_close` {what}");
            }
        }
        drop(self);
        drop(tell);
    }
}

impl<C: Dispatch> Drop for Errand<C> {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        // Found no more by those who ask for it; nobody is in it.
        self.steward.take_down();
    }
}
