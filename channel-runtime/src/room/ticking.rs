//! The ticks of a room's presence: one task a room tells its clients what has changed, as long as there is something to tell.

use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use futures_util::future::{Either, select};
use tokio::runtime::{Handle, Id};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::connection::id::ConnectionId;
use crate::connection::outbox::{Offer, Offered, Sender};
use crate::room::flush_queue::FlushQueue;
use crate::room::live_room::{Inner, LiveRoom};
use crate::room::member::Member;
use crate::room::presence::{Leaving, OfUser, Presence, Shown};
use crate::wire::frame::Frame;

impl LiveRoom {
    /// What is seen of a member is another value now.
    pub fn show(self: &Arc<Self>, member: &Member, shown: Shown) {
        let inner = &mut *self.lock();
        if let Some(presence) = &mut inner.presence
            && inner.members.get(member.id).is_some()
        {
            presence.replace(member.user_name(), member.id, shown, Instant::now());
        }
    }

    /// What is seen of a member now. `None` if nothing is.
    pub fn shown(&self, member: &Member) -> Option<Shown> {
        self.lock().presence.as_ref()?.shown(member.user_name(), member.id)
    }

    /// Who is present at this moment, in the order of their names.
    pub fn present(&self) -> Vec<OfUser> {
        if !self.has_presence() {
            return Vec::new();
        }
        self.lock().presence.as_ref().map(|presence| presence.list(Instant::now())).unwrap_or_default()
    }

    /// Before the member is removed.
    pub fn leave_presence(&self, member: &Member) {
        if self.has_presence() {
            let leaving = if member.outbox().is_over_for_good() { Leaving::ForGood } else { Leaving::Lost };
            if let Some(presence) = &mut self.lock().presence {
                presence.leave(member.user_name(), member.id, leaving, Instant::now());
                self.has_lost.store(presence.has_lost(), Ordering::Release);
            }
        }
    }

    /// After somebody has entered, left or is seen otherwise, under no lock: values that are no more are dropped here, which is the
    /// user's code, and a task is started, if there is something to tell.
    pub fn attend_presence(self: &Arc<Self>) {
        if !self.has_presence() {
            return;
        }
        let (aside, wake, runtime) = {
            let Inner { presence, members, .. } = &mut *self.lock();
            let Some(presence) = presence else { return };
            if members.is_empty() {
                presence.clear();
            }
            self.has_lost.store(presence.has_lost(), Ordering::Release);
            let runtime =
                || Handle::try_current().ok().or_else(|| members.values().find_map(|m| m.apart.runtime.clone()));
            let runtime = if presence.must_start() { runtime() } else { None };
            if runtime.is_some() {
                presence.has_started();
            }
            (presence.take_aside(), Arc::clone(&presence.wake), runtime)
        };
        drop(aside);
        if let Some(runtime) = runtime {
            let room = Arc::downgrade(self);
            let ticking = Ticking { room, wake, runtime: runtime.id(), ended: Vec::new(), has_ended: false };
            runtime.spawn(ticking.run());
        }
    }

    /// When there is something to do next. `None` if there is nothing: then the task has stopped.
    fn next_tick(&self) -> Option<Instant> {
        let presence = &mut self.lock().presence;
        let presence = presence.as_mut()?;
        let next = presence.next();
        if next.is_none() {
            presence.has_stopped();
        }
        next
    }

    /// For a member that took no frame: who is present. Called by its own task when nothing waits for it, and written afterwards by the caller.
    pub fn pull_presence(&self, member: &Member) {
        if !self.has_presence() {
            return;
        }
        if let Some(presence) = &mut self.lock().presence
            && presence.catches_up(member.id)
        {
            let here = presence.here();
            if let Offered::Some { .. } = member.outbox().offer_newest(Offer::Pulled, &[(here, 0)], false) {
                presence.falls_behind(member.id);
            }
        }
    }

    /// A user's connections are closed, of which some may have been lost.
    pub fn send_away(self: &Arc<Self>, user: &str, is_meant: impl Fn(ConnectionId) -> bool) {
        let sent_away = |presence: &mut Box<Presence>| presence.send_away(user, is_meant, Instant::now());
        if self.has_presence() && self.lock().presence.as_mut().is_some_and(sent_away) {
            self.attend_presence();
        }
    }

    fn tick(self: &Arc<Self>) {
        let now = Instant::now();
        let (tasks, aside) = {
            let inner = &mut *self.lock();
            let Some(mut presence) = inner.presence.take() else { return };
            let bytes = inner.tell_presence(&mut presence, now);
            let aside = presence.take_aside();
            self.has_lost.store(presence.has_lost(), Ordering::Release);
            inner.presence = Some(presence);
            (inner.flushing.sent(None, bytes), aside)
        };
        drop(aside);
        self.start(tasks);
    }
}

impl Inner {
    /// Returns how many bytes the frame has.
    fn tell_presence(&mut self, presence: &mut Presence, now: Instant) -> usize {
        let Some(frame) = presence.tick(now) else { return 0 };
        for member in self.members.values().filter(|member| member.outbox().is_knowing()) {
            if !presence.is_behind(member.id) && !offer(&mut self.flushing, member, &frame) {
                presence.falls_behind(member.id);
                member.outbox().pull_later();
            }
        }
        frame.len()
    }
}

/// Returns whether the member takes it at this moment, or nothing any more.
fn offer(flushing: &mut FlushQueue<Member>, member: &Arc<Member>, frame: &Frame) -> bool {
    let offered = member.outbox().offer(frame, Sender::Others);
    if let Some(offered) = offered {
        flushing.pushed(member, offered);
    }
    offered.is_some()
}

/// It keeps no room.
struct Ticking {
    room: Weak<LiveRoom>,
    wake: Arc<Notify>,
    /// On which it runs.
    runtime: Id,
    /// On which it ran before they ended.
    ended: Vec<Id>,
    /// There is nothing more to tell.
    has_ended: bool,
}

impl Ticking {
    async fn run(mut self) {
        while let Some(next) = self.room.upgrade().and_then(|room| room.next_tick()) {
            let (due, earlier) = (pin!(sleep_until(next)), pin!(self.wake.notified()));
            if let Either::Left(_) = select(due, earlier).await
                && let Some(room) = self.room.upgrade()
            {
                room.tick();
            }
        }
        self.has_ended = true;
    }

    /// Its runtime has ended before the room: it goes on with one of the members that is on another.
    fn goes_on(&mut self, room: &LiveRoom) -> Option<Handle> {
        let Inner { presence, members, .. } = &mut *room.lock();
        let presence = presence.as_mut()?;
        presence.has_stopped();
        self.ended.push(self.runtime);
        let is_here = |runtime: &&Handle| !self.ended.contains(&runtime.id());
        let runtime = members.values().filter_map(|member| member.apart.runtime.as_ref()).find(is_here)?.clone();
        if !presence.must_start() {
            return None;
        }
        presence.has_started();
        Some(runtime)
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        if !self.has_ended
            && let Some(room) = self.room.upgrade()
            && let Some(runtime) = self.goes_on(&room)
        {
            let (room, wake, ended) = (Arc::downgrade(&room), Arc::clone(&self.wake), std::mem::take(&mut self.ended));
            runtime.spawn(Ticking { room, wake, runtime: runtime.id(), ended, has_ended: false }.run());
        }
    }
}
