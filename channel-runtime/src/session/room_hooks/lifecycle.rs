//! The lifecycle of one opening of a room, with a task each for `on_room_open`, for the grace time, and for `on_room_close`.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::select;
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until};

use super::hooked_room::{EntryHold, HookedRoom, HookedRooms, Next, Phase};
use crate::channel::room::Room;
use crate::config::Config;
use crate::connection::in_flight::{Work, WorkGuard};
use crate::connection::shutdown::SessionGuard;
use crate::protocol::escaped::Escaped;
use crate::protocol::fault::Fault;
use crate::room::live_room::LiveRoom;
use crate::room::sharded_map::shrink;
use crate::room::state::{self, RoomOwner};
use crate::session::dispatch::Dispatch;
use crate::session::guard::{Interrupted, run_detached};
use crate::session::rejection::Rejection;
use crate::session::served::Served;
use crate::socket::hub::Hub;

pub(crate) struct RoomLifecycle<C: Dispatch> {
    pub app: Arc<C::App>,
    pub hub: Hub<C>,
    pub served: Arc<Served>,
    pub room: Room<C>,
}

pub(crate) fn grace<C: Dispatch>(config: &Config) -> Option<Duration> {
    let grace = C::ROOM_GRACE.unwrap_or(config.room_grace);
    (C::OPENS_ROOMS || C::CLOSES_ROOMS || !grace.is_zero()).then_some(grace)
}

pub(super) enum Found {
    Open(EntryHold),
    Opening(EntryHold, watch::Receiver<Option<Result<(), Rejection>>>),
    Closing(watch::Receiver<()>),
}

impl<C: Dispatch> RoomLifecycle<C> {
    fn name(&self) -> &Arc<str> {
        self.room.key()
    }

    fn rooms(&self) -> &HookedRooms {
        &self.served.rooms
    }

    fn grace(&self) -> Duration {
        grace::<C>(&self.served.config).unwrap_or_default()
    }

    async fn run<T>(&self, hook: impl Future<Output = T> + Send, grace: Duration) -> Result<T, Interrupted> {
        run_detached(hook, self.served.config.handler_timeout, &self.served.node.shutdown, grace).await
    }

    fn begin_work(&self, what: &'static str) -> WorkGuard {
        self.served.in_flight.begin(Work::Session { channel: C::NAME, what })
    }

    pub(super) fn find_or_open(self: &Arc<Self>) -> Found {
        let (sender, opened) = watch::channel(None);
        {
            let mut rooms = self.rooms().0.lock();
            if let Some(room) = rooms.get_mut(self.name()) {
                let found = match &room.phase {
                    Phase::Closing { closed, .. } => return Found::Closing(closed.clone()),
                    Phase::Opening(opened) => Found::Opening(EntryHold(Arc::clone(&room.owner)), opened.clone()),
                    Phase::Open { .. } => Found::Open(EntryHold(Arc::clone(&room.owner))),
                };
                room.entering += 1;
                return found;
            }
            let phase = Phase::Opening(opened.clone());
            rooms.insert(Arc::clone(self.name()), HookedRoom { owner: Arc::clone(self) as _, entering: 1, phase });
        }
        // Not under the lock: a runtime that is shutting down drops a task at once.
        let task = RoomTask::new(self);
        tokio::spawn(async move { sender.send_replace(Some(task.open().await)) });
        Found::Opening(EntryHold(Arc::clone(self) as _), opened)
    }

    /// `None` if the room is closed, or is that of a later opening.
    fn with_room<R>(self: &Arc<Self>, act: impl FnOnce(&mut HookedRoom) -> R) -> Option<R> {
        let mut rooms = self.rooms().0.lock();
        let owner: Arc<dyn RoomOwner> = Arc::clone(self) as _;
        rooms.get_mut(self.name()).filter(|room| Arc::ptr_eq(&room.owner, &owner)).map(act)
    }

    /// Here and in the registry under one lock: whoever finds no room here opens it anew, and that one must not be removed.
    fn remove(self: &Arc<Self>) {
        let owner: Arc<dyn RoomOwner> = Arc::clone(self) as _;
        let mut rooms = self.rooms().0.lock();
        if rooms.get(self.name()).is_none_or(|room| !Arc::ptr_eq(&room.owner, &owner)) {
            return;
        }
        let removed = rooms.remove(self.name());
        shrink(&mut rooms);
        if let Some(Phase::Open { room, .. } | Phase::Closing { room, .. }) = removed.as_ref().map(|room| &room.phase) {
            self.served.node.registry.remove_owned_room(self.hub.channel(), room);
        }
        // Before what was removed is dropped.
        drop(rooms);
    }

    /// `was_used`: a session has ended in it.
    fn close_if_empty(self: &Arc<Self>, was_used: bool) {
        let is_draining = self.served.node.shutdown.is_draining();
        let next = self.with_room(|room| {
            let now = Instant::now();
            if let Phase::Open { empty_since, was_used: before, .. } = &mut room.phase {
                *empty_since = Some(now);
                *before |= was_used;
            }
            let next = room.next(now, self.grace(), is_draining);
            let watcher = match (&next, &mut room.phase) {
                (Next::WaitUntil(_), Phase::Open { watcher: watcher @ None, .. }) => {
                    Some(Arc::clone(watcher.insert(Arc::default())))
                }
                _ => None,
            };
            (next, watcher)
        });
        let Some((next, watcher)) = next else { return };
        if watcher.is_none() && !matches!(next, Next::Close(..)) {
            return;
        }
        let task = RoomTask::new(self);
        // No hook can run outside a runtime: the task is dropped, and removes the room with its state.
        let Ok(runtime) = Handle::try_current() else { return };
        match (next, watcher) {
            (Next::Close(room, sender), _) => drop(runtime.spawn(task.close(room, sender))),
            (_, Some(watcher)) => drop(runtime.spawn(task.watch(watcher))),
            _ => {}
        }
    }
}

impl<C: Dispatch> RoomOwner for RoomLifecycle<C> {
    fn on_maybe_empty(self: Arc<Self>) {
        self.close_if_empty(true);
    }

    fn on_entered(self: Arc<Self>) {
        self.with_room(|room| room.entering -= 1);
        self.close_if_empty(false);
    }

    fn on_given_up(self: Arc<Self>) {
        self.with_room(|room| {
            let Phase::Open { empty_since, was_used, watcher, .. } = &mut room.phase else { return };
            if !*was_used {
                *empty_since = None;
            }
            if let Some(watcher) = watcher {
                watcher.notify_one();
            }
        });
    }
}

/// Dropped before it is done, the task removes the room.
struct RoomTask<C: Dispatch> {
    lifecycle: Arc<RoomLifecycle<C>>,
    is_done: bool,
    _counted: SessionGuard,
}

impl<C: Dispatch> RoomTask<C> {
    fn new(lifecycle: &Arc<RoomLifecycle<C>>) -> Self {
        let counted = lifecycle.served.node.shutdown.begin_session();
        Self { lifecycle: Arc::clone(lifecycle), is_done: false, _counted: counted }
    }

    async fn open(mut self) -> Result<(), Rejection> {
        let lifecycle = Arc::clone(&self.lifecycle);
        let _work = lifecycle.begin_work("on_room_open");
        let hook = C::room_opened(&lifecycle.room, &lifecycle.app);
        let state = match lifecycle.run(hook, Duration::ZERO).await {
            Ok(Ok(state)) => state,
            Ok(Err(fault)) => return Err(Rejection::failed::<C>(fault)),
            Err(Interrupted::Panicked) => {
                let (fault, id) = Fault::unexplained();
                tracing::error!(channel = C::NAME, room = %Escaped(&lifecycle.room), %id, "`on_room_open` panicked");
                return Err(Rejection::failed::<C>(fault));
            }
            Err(Interrupted::TimedOut) => {
                let (fault, id) = Fault::new(Fault::TIMEOUT, "it took too long").with_id();
                tracing::warn!(channel = C::NAME, room = %Escaped(&lifecycle.room), %id, "`on_room_open` timed out");
                return Err(Rejection::failed::<C>(fault));
            }
            Err(Interrupted::Cancelled | Interrupted::ClientGone) => return Err(Rejection::going_away()),
        };
        let owner: Arc<dyn RoomOwner> = Arc::clone(&lifecycle) as _;
        let (registry, channel) = (&lifecycle.served.node.registry, lifecycle.hub.channel());
        let room = LiveRoom::new(Arc::clone(lifecycle.name()), Some(state::state(state))).owned_by(owner);
        let name = lifecycle.name();
        let room = room.recorded_in(registry.log(channel, name)).with_presence(registry.presence(channel, name));
        let room = Arc::new(room);
        lifecycle.with_room(|hooked| {
            registry.insert_owned_room(channel, &room);
            hooked.phase = Phase::Open { room, empty_since: None, was_used: false, watcher: None };
        });
        self.is_done = true;
        // All who entered may have left meanwhile.
        lifecycle.close_if_empty(false);
        Ok(())
    }

    async fn watch(mut self, given_up: Arc<Notify>) {
        let lifecycle = Arc::clone(&self.lifecycle);
        let shutdown = Arc::clone(&lifecycle.served.node.shutdown);
        loop {
            // Before the check, so that no drain is missed in between.
            let drain_started = shutdown.drain_started();
            let is_draining = shutdown.is_draining();
            let next = lifecycle.with_room(|room| {
                let next = room.next(Instant::now(), lifecycle.grace(), is_draining);
                if let (Next::Keep, Phase::Open { watcher, .. }) = (&next, &mut room.phase) {
                    *watcher = None;
                }
                next
            });
            match next {
                None | Some(Next::Keep) => break,
                Some(Next::WaitUntil(due)) => {
                    let given_up = pin!(given_up.notified());
                    select(pin!(sleep_until(due)), select(pin!(drain_started), given_up)).await;
                }
                Some(Next::Close(room, sender)) => return self.close(room, sender).await,
            }
        }
        self.is_done = true;
    }

    /// Others wait for the sender's drop, which is after the room's removal.
    async fn close(self, room: Arc<LiveRoom>, sender: watch::Sender<()>) {
        let lifecycle = Arc::clone(&self.lifecycle);
        let _work = lifecycle.begin_work("on_room_close");
        if let Some(Ok(state)) = room.take_state().map(|state| state.into_inner().downcast()) {
            let hook = C::room_closed(&lifecycle.room, *state, &lifecycle.app);
            let what = match lifecycle.run(hook, lifecycle.served.config.shutdown_timeout).await {
                Ok(()) => None,
                Err(Interrupted::Panicked) => Some("panicked"),
                Err(Interrupted::TimedOut) => Some("timed out"),
                Err(Interrupted::Cancelled | Interrupted::ClientGone) => Some("was cancelled: the server stops"),
            };
            if let Some(what) = what {
                tracing::error!(channel = C::NAME, room = %Escaped(&lifecycle.room), "`on_room_close` {what}");
            }
        }
        drop(self);
        drop(sender);
    }
}

impl<C: Dispatch> Drop for RoomTask<C> {
    fn drop(&mut self) {
        if !self.is_done {
            self.lifecycle.remove();
        }
    }
}
