//! Rooms that are kept for their history after their last member has left, and the task that lets them go, and that lets go of
//! history when there is too much in the process.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::room::channel_rooms::ChannelRooms;
use crate::room::kept_rooms::KeptRoom;
use crate::room::live_room::LiveRoom;
use crate::room::position::Position;
use crate::room::registry::Registry;

/// A room may be kept for so much longer.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often the age of what is kept is halved at the most: of five minutes some milliseconds are left.
const HALVINGS: u32 = 16;

impl Registry {
    /// The room has no members. Called under its shard's lock, so that nobody enters meanwhile. Returns whether it is kept.
    pub(super) fn keep(&self, channel: usize, room: &Arc<LiveRoom>) -> bool {
        let is_kept = room.kept_until().is_some_and(|until| until > Instant::now())
            && self.history.is_watched.load(Ordering::Acquire);
        if is_kept && !room.is_kept.swap(true, Ordering::AcqRel) {
            self.history.kept.lock().push_back(KeptRoom { channel, room: Arc::clone(room) });
        }
        is_kept
    }

    /// For a page that is made now: the room is opened, if it is not open, and kept for a while. `None` if it has no history.
    pub fn position(self: &Arc<Self>, channel: usize, name: &Arc<str>) -> Option<Position> {
        self.watch_history();
        let entry = &self.channels[channel];
        let (mut is_kept, mut opened) = (false, None);
        let position = entry.open(name, entry.make_state, |room| {
            let position = room.position();
            // Above the bound nobody is promised more.
            is_kept = room.len() > 0 || room.has_owner() || !self.history.budget.is_over() && self.keep(channel, room);
            opened = Some(Arc::clone(room));
            position
        });
        if let Some(room) = opened.filter(|_| !is_kept) {
            self.let_go(channel, &room);
        }
        position
    }

    /// A channel with history is used. Without a runtime no room is kept.
    pub(super) fn watch_history(self: &Arc<Self>) {
        if self.history.is_watched.load(Ordering::Acquire) {
            return;
        }
        let Ok(runtime) = Handle::try_current() else { return };
        if !self.history.is_watched.swap(true, Ordering::AcqRel) {
            runtime.spawn(watch(Arc::downgrade(self), Unwatched(Arc::downgrade(self))));
        }
    }

    fn look_at_kept(&self) {
        let kept = std::mem::take(&mut *self.history.kept.lock());
        let now = Instant::now();
        let (kept, _gone): (VecDeque<_>, VecDeque<_>) =
            kept.into_iter().partition(|kept| self.is_still_kept(kept, now));
        let mut list = self.history.kept.lock();
        let newer = std::mem::replace(&mut *list, kept);
        list.extend(newer);
    }

    fn is_still_kept(&self, KeptRoom { channel, room }: &KeptRoom, now: Instant) -> bool {
        let mut rooms = self.channels[*channel].rooms.shard(&**room.name());
        let is_empty = room.len() == 0 && !room.is_gone();
        if is_empty && room.kept_until().is_some_and(|until| until > now) {
            return true;
        }
        room.is_kept.store(false, Ordering::Release);
        if is_empty {
            ChannelRooms::retire(&mut rooms, room);
        }
        false
    }

    fn let_go(&self, channel: usize, room: &Arc<LiveRoom>) {
        let mut rooms = self.channels[channel].rooms.shard(&**room.name());
        if room.len() == 0 && !room.is_gone() {
            ChannelRooms::retire(&mut rooms, room);
        }
    }

    /// Those without members first, by the time for which they have none; then the oldest of all.
    fn shed_history(&self) {
        let budget = &self.history.budget;
        // Not only as much as is too much, or the next message would be too much again.
        let is_enough = || budget.bytes() <= budget.most() / 8 * 7;
        let kept: Vec<KeptRoom> = self.history.kept.lock().iter().cloned().collect();
        for KeptRoom { room, .. } in &kept {
            if is_enough() {
                return;
            }
            room.forget_history();
        }
        for KeptRoom { channel, room } in kept {
            if is_enough() {
                return;
            }
            self.let_go(channel, &room);
        }
        // The rest are rooms with members, and costs that no message has.
        if budget.entry_bytes() <= budget.most() / 2 {
            return;
        }
        let now = Instant::now();
        for halvings in 1..=HALVINGS {
            for rooms in self.channels.iter().filter(|channel| channel.has_history).map(|channel| &channel.rooms) {
                for room in rooms.values() {
                    if is_enough() {
                        return;
                    }
                    room.shed_history(now, halvings);
                }
            }
        }
    }
}

/// Sets the state right when the task ends, with its runtime for one.
struct Unwatched(Weak<Registry>);

impl Drop for Unwatched {
    fn drop(&mut self) {
        if let Some(registry) = self.0.upgrade() {
            registry.history.is_watched.store(false, Ordering::Release);
        }
    }
}

async fn watch(registry: Weak<Registry>, _state: Unwatched) {
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(registry) = registry.upgrade() else { return };
        registry.look_at_kept();
        if registry.history.budget.is_over() {
            registry.shed_history();
        }
    }
}
