//! Rooms as places: opened before the first comes in, closed when the last has left and nobody has come for a while.
//!
//! For channels that have `on_room_open`, `on_room_close` or a grace time; the rooms of all others know nothing of it. Each
//! opening has a [`Host`]: its hooks run in tasks of their own, once each, whoever comes and goes meanwhile. Whoever comes
//! while a room is closed has it opened anew, so that no two states of one room are alive at a time.

use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::activity::{Activity, Token, Work};
use crate::channel::Channel;
use crate::config::Config;
use crate::fault::Fault;
use crate::hub::Hub;
use crate::members::Members;
use crate::refusals::farewell;
use crate::registry::SessionGuard;
use crate::room::Room;
use crate::turn::{Interrupted, run_apart};
use crate::wire::close::CloseCode;

/// After how long a room is looked at again that is to stay open for ever.
const A_WHILE: Duration = Duration::from_secs(24 * 60 * 60);

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
    Opening(watch::Receiver<Option<Result<(), Refusal>>>),
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

/// Who opens and closes a room: one for each opening.
pub(crate) trait Host: Send + Sync {
    /// Somebody has left, or has come in: the room closes if it is empty.
    fn look(self: Arc<Self>);

    /// Somebody who has come is in the room, or away.
    fn arrived(self: Arc<Self>);
}

/// What somebody is told whose room could not be opened.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub fault: Option<Fault>,
    pub code: CloseCode,
    pub reason: &'static str,
}

impl Refusal {
    /// The server stops.
    pub fn going_away() -> Self {
        Self { fault: None, code: CloseCode::GOING_AWAY, reason: "the server goes away" }
    }

    /// What is sent to the client.
    pub fn frames(&self) -> Vec<u8> {
        farewell(self.fault.as_ref(), self.code, self.reason)
    }

    fn failed(fault: Fault) -> Self {
        // Whose fault it is decides whether to come back; most can.
        let code = match fault.close_code() {
            CloseCode::POLICY => CloseCode::TRY_AGAIN,
            code => code,
        };
        Self { fault: Some(fault), code, reason: "the room can't be opened" }
    }
}

/// What opens and closes a channel's rooms.
pub(crate) struct Steward<C: Channel> {
    pub app: Arc<C::App>,
    pub hub: Hub<C>,
    pub config: Arc<Config>,
    pub activity: Activity,
    pub room: Room<C>,
}

/// How long an empty room waits for somebody, where its channel's rooms are places.
pub(crate) fn grace<C: Channel>(config: &Config) -> Option<Duration> {
    let grace = C::ROOM_GRACE.unwrap_or(config.room_grace);
    (C::OPENS_ROOMS || C::CLOSES_ROOMS || !grace.is_zero()).then_some(grace)
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
pub(crate) async fn come<C: Channel>(steward: Arc<Steward<C>>) -> Result<Stay, Refusal> {
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
            None => Err(Refusal::failed(Fault::internal("the opening of a room was dropped"))),
        };
    }
}

enum Found {
    Open(Stay),
    Opening(Stay, watch::Receiver<Option<Result<(), Refusal>>>),
    Closing(watch::Receiver<()>),
}

impl<C: Channel> Steward<C> {
    fn name(&self) -> &Arc<str> {
        self.room.key()
    }

    fn places(&self) -> &Places {
        self.hub.registry().places(self.hub.channel())
    }

    /// Runs a hook; `grace` is what is left to it once the server gives up.
    async fn run<T>(&self, hook: impl Future<Output = T> + Send, grace: Duration) -> Result<T, Interrupted> {
        run_apart(hook, self.config.handler_timeout, self.hub.registry(), grace).await
    }

    fn begin(&self, what: &'static str) -> Token {
        self.activity.begin(Work::Session { channel: C::NAME, what })
    }

    /// The place, counting one who comes; its opening is begun where there is none.
    fn find(self: &Arc<Self>) -> Found {
        let (tell, opened) = watch::channel(None);
        {
            let mut places = self.places().0.lock();
            if let Some(place) = places.get_mut(self.name()) {
                let found = match &place.phase {
                    Phase::Closing { closed, .. } => return Found::Closing(closed.clone()),
                    Phase::Opening(opened) => Found::Opening(Stay(Arc::clone(&place.host)), opened.clone()),
                    Phase::Open { .. } => Found::Open(Stay(Arc::clone(&place.host))),
                };
                place.coming += 1;
                return found;
            }
            let phase = Phase::Opening(opened.clone());
            places.insert(Arc::clone(self.name()), Place { host: Arc::clone(self) as _, coming: 1, phase });
        }
        // Not under the lock: a runtime that is shutting down drops a task at once.
        let turn = Turn::new(self);
        tokio::spawn(async move { tell.send_replace(Some(turn.open().await)) });
        Found::Opening(Stay(Arc::clone(self) as _), opened)
    }

    /// Acts on the place, while it is that of this opening.
    fn with_place<R>(self: &Arc<Self>, act: impl FnOnce(&mut Place) -> R) -> Option<R> {
        let mut places = self.places().0.lock();
        let host: Arc<dyn Host> = Arc::clone(self) as _;
        places.get_mut(self.name()).filter(|place| Arc::ptr_eq(&place.host, &host)).map(act)
    }

    /// Closes the room if nobody is there, now or when the grace is over.
    fn look_after(self: &Arc<Self>) {
        let (tell, closed) = watch::channel(());
        let next = self.with_place(|place| {
            let Phase::Open { room, empty_since, is_watched } = &mut place.phase else { return None };
            if place.coming > 0 || room.visits() > 0 {
                return None;
            }
            let grace = grace::<C>(&self.config).filter(|grace| !grace.is_zero());
            if grace.is_some() {
                *empty_since = Some(Instant::now());
                return (!std::mem::replace(is_watched, true)).then_some(Either::Left(()));
            }
            let room = Arc::clone(room);
            place.phase = Phase::Closing { room: Arc::clone(&room), closed };
            Some(Either::Right(room))
        });
        let Some(next) = next.flatten() else { return };
        let turn = Turn::new(self);
        let Ok(runtime) = Handle::try_current() else {
            // Outside a runtime no hook can run: the room goes with its state.
            return;
        };
        match next {
            Either::Left(()) => drop(runtime.spawn(turn.watch())),
            Either::Right(room) => drop(runtime.spawn(turn.close(room, tell))),
        }
    }
}

impl<C: Channel> Host for Steward<C> {
    fn look(self: Arc<Self>) {
        self.look_after();
    }

    fn arrived(self: Arc<Self>) {
        self.with_place(|place| place.coming -= 1);
        self.look_after();
    }
}

/// A task that opens, watches or closes a room; dropped, the room is no more, whatever befell the task.
struct Turn<C: Channel> {
    steward: Arc<Steward<C>>,
    /// Its end leaves the room as it is.
    is_done: bool,
    /// A server that stops waits for it.
    _counted: SessionGuard,
}

impl<C: Channel> Turn<C> {
    fn new(steward: &Arc<Steward<C>>) -> Self {
        let counted = steward.hub.registry().begin_session();
        Self { steward: Arc::clone(steward), is_done: false, _counted: counted }
    }

    /// Runs `on_room_open`.
    async fn open(mut self) -> Result<(), Refusal> {
        let steward = Arc::clone(&self.steward);
        let _work = steward.begin("on_room_open");
        let hook = C::room_opened(&steward.room, &steward.app);
        let state = match steward.run(hook, Duration::ZERO).await {
            Ok(Ok(state)) => state,
            Ok(Err(fault)) => return Err(Refusal::failed(fault)),
            Err(Interrupted::Panicked) => {
                let (fault, id) = Fault::unexplained();
                tracing::error!(channel = C::NAME, room = %steward.room, %id, "`on_room_open` panicked");
                return Err(Refusal::failed(fault));
            }
            Err(Interrupted::TimedOut) => {
                let (fault, id) = Fault::new(Fault::TIMEOUT, "it took too long").with_id();
                tracing::warn!(channel = C::NAME, room = %steward.room, %id, "`on_room_open` timed out");
                return Err(Refusal::failed(fault));
            }
            Err(Interrupted::Cancelled | Interrupted::Left) => return Err(Refusal::going_away()),
        };
        let host: Arc<dyn Host> = Arc::clone(&steward) as _;
        let room = Arc::new(Members::new(Arc::clone(steward.name()), Some(Box::new(state))).hosted(host));
        steward.with_place(|place| {
            steward.hub.registry().put_up(steward.hub.channel(), &room);
            place.phase = Phase::Open { room, empty_since: None, is_watched: false };
        });
        self.is_done = true;
        Ok(())
    }

    /// Waits until the room has been empty for the grace time, and closes it; or until somebody is there.
    async fn watch(mut self) {
        let steward = Arc::clone(&self.steward);
        let registry = Arc::clone(steward.hub.registry());
        let grace = grace::<C>(&steward.config).unwrap_or_default();
        loop {
            // Made before the look, so that it is not missed between the two.
            let stops = registry.stops();
            let (tell, closed) = watch::channel(());
            let next = steward.with_place(|place| {
                let Phase::Open { room, empty_since, is_watched } = &mut place.phase else { return None };
                if place.coming > 0 || room.visits() > 0 {
                    *is_watched = false;
                    return None;
                }
                let now = Instant::now();
                // A time that there is not is never over.
                let due = empty_since.unwrap_or(now).checked_add(grace).unwrap_or(now + A_WHILE);
                if due > now && !registry.is_stopping() {
                    return Some(Either::Left(due));
                }
                let room = Arc::clone(room);
                place.phase = Phase::Closing { room: Arc::clone(&room), closed };
                Some(Either::Right(room))
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
    async fn close(self, room: Arc<Members>, tell: watch::Sender<()>) {
        let steward = Arc::clone(&self.steward);
        let _work = steward.begin("on_room_close");
        if let Some(Ok(state)) = room.take_state().map(|state| state.downcast()) {
            let hook = C::room_closed(&steward.room, *state, &steward.app);
            let what = match steward.run(hook, steward.config.shutdown_timeout).await {
                Ok(()) => None,
                Err(Interrupted::Panicked) => Some("panicked"),
                Err(Interrupted::TimedOut) => Some("timed out"),
                Err(Interrupted::Cancelled | Interrupted::Left) => Some("was cancelled: the server stops"),
            };
            if let Some(what) = what {
                tracing::error!(channel = C::NAME, room = %steward.room, "`on_room_close` {what}");
            }
        }
        drop(self);
        drop(tell);
    }
}

impl<C: Channel> Drop for Turn<C> {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        let steward = &self.steward;
        let host: Arc<dyn Host> = Arc::clone(steward) as _;
        let mut places = steward.places().0.lock();
        if places.get(steward.name()).is_some_and(|place| Arc::ptr_eq(&place.host, &host)) {
            let gone = places.remove(steward.name());
            if places.len() * 4 < places.capacity() {
                let keep = places.len() * 2;
                places.shrink_to(keep);
            }
            drop(places);
            // Found no more by those who ask for it; nobody is in it.
            if let Some(Phase::Open { room, .. } | Phase::Closing { room, .. }) = gone.map(|place| place.phase) {
                steward.hub.registry().take_down(steward.hub.channel(), &room);
            }
        }
    }
}
