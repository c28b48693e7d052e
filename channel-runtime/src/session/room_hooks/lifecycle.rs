//! Who opens the rooms of a channel, and has them closed.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::Either;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::Instant;

use super::errand::Errand;
use super::places::{Phase, Place, Places, Stay};
use crate::channel::room::Room;
use crate::config::Config;
use crate::connection::in_flight::{Token, Work};
use crate::room::sharded_map::shrink;
use crate::room::state::Host;
use crate::session::dispatch::Dispatch;
use crate::session::guard::{Interrupted, run_detached};
use crate::session::rejection::Rejection;
use crate::session::served::Served;
use crate::socket::hub::Hub;

/// What opens and closes a channel's rooms.
pub(crate) struct Steward<C: Dispatch> {
    pub app: Arc<C::App>,
    pub hub: Hub<C>,
    pub served: Arc<Served>,
    pub room: Room<C>,
}

/// How long an empty room waits for somebody, where its channel's rooms are places.
pub(crate) fn grace<C: Dispatch>(config: &Config) -> Option<Duration> {
    let grace = C::ROOM_GRACE.unwrap_or(config.room_grace);
    (C::OPENS_ROOMS || C::CLOSES_ROOMS || !grace.is_zero()).then_some(grace)
}

/// A place as somebody comes.
pub(super) enum Found {
    Open(Stay),
    Opening(Stay, watch::Receiver<Option<Result<(), Rejection>>>),
    Closing(watch::Receiver<()>),
}

impl<C: Dispatch> Steward<C> {
    pub(super) fn name(&self) -> &Arc<str> {
        self.room.key()
    }

    fn places(&self) -> &Places {
        &self.served.rooms
    }

    /// Runs a hook; `grace` is what is left to it once the server gives up.
    pub(super) async fn run<T>(&self, hook: impl Future<Output = T> + Send, grace: Duration) -> Result<T, Interrupted> {
        run_detached(hook, self.served.config.handler_timeout, &self.served.node.shutdown, grace).await
    }

    pub(super) fn begin(&self, what: &'static str) -> Token {
        self.served.in_flight.begin(Work::Session { channel: C::NAME, what })
    }

    /// The place, counting one who comes; its opening is begun where there is none.
    pub(super) fn find(self: &Arc<Self>) -> Found {
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
        let errand = Errand::new(self);
        tokio::spawn(async move { tell.send_replace(Some(errand.open().await)) });
        Found::Opening(Stay(Arc::clone(self) as _), opened)
    }

    /// Acts on the place, while it is that of this opening.
    pub(super) fn with_place<R>(self: &Arc<Self>, act: impl FnOnce(&mut Place) -> R) -> Option<R> {
        let mut places = self.places().0.lock();
        let host: Arc<dyn Host> = Arc::clone(self) as _;
        places.get_mut(self.name()).filter(|place| Arc::ptr_eq(&place.host, &host)).map(act)
    }

    /// Takes the place away, while it is that of this opening, and its room with it. Under one lock: whoever finds no place opens
    /// the room anew, and that one must not be taken for this.
    pub(super) fn take_down(self: &Arc<Self>) {
        let host: Arc<dyn Host> = Arc::clone(self) as _;
        let mut places = self.places().0.lock();
        if places.get(self.name()).is_none_or(|place| !Arc::ptr_eq(&place.host, &host)) {
            return;
        }
        let place = places.remove(self.name());
        shrink(&mut places);
        if let Some(Phase::Open { room, .. } | Phase::Closing { room, .. }) = place.as_ref().map(|place| &place.phase) {
            self.served.node.registry.take_down(self.hub.channel(), room);
        }
        // What is left of it goes without the lock.
        drop(places);
    }

    /// Closes the room if nobody is there, now or when the grace is over.
    pub(super) fn look_after(self: &Arc<Self>) {
        let (tell, closed) = watch::channel(());
        let next = self.with_place(|place| {
            let Phase::Open { room, empty_since, is_watched } = &mut place.phase else { return None };
            if place.coming > 0 || room.visits() > 0 {
                return None;
            }
            let grace = grace::<C>(&self.served.config).filter(|grace| !grace.is_zero());
            if grace.is_some() {
                *empty_since = Some(Instant::now());
                return (!std::mem::replace(is_watched, true)).then_some(Either::Left(()));
            }
            place.close(closed).map(Either::Right)
        });
        let Some(next) = next.flatten() else { return };
        let errand = Errand::new(self);
        let Ok(runtime) = Handle::try_current() else {
            // Outside a runtime no hook can run: the room goes with its state.
            return;
        };
        match next {
            Either::Left(()) => drop(runtime.spawn(errand.watch())),
            Either::Right(room) => drop(runtime.spawn(errand.close(room, tell))),
        }
    }
}

impl<C: Dispatch> Host for Steward<C> {
    fn look(self: Arc<Self>) {
        self.look_after();
    }

    fn arrived(self: Arc<Self>) {
        self.with_place(|place| place.coming -= 1);
        self.look_after();
    }
}
