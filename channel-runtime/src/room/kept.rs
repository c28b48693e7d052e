//! Rooms that are kept for their history after their last member has left, and the task that lets them go, and that lets go of
//! history when there is too much in the process.
//!
//! Whatever walks over many rooms does so in slices, between which other tasks run, and holds no lock over a slice.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::yield_now;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::room::channel_rooms::ChannelRooms;
use crate::room::history_budget::ROOM_BYTES;
use crate::room::kept_rooms::{Due, KeptRoom, KeptRooms};
use crate::room::live_room::LiveRoom;
use crate::room::log::{Forgotten, Log};
use crate::room::position::Position;
use crate::room::registry::Registry;

/// A room may be kept for so much longer.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often the age of what is kept is halved at the most: of five minutes some milliseconds are left.
const HALVINGS: u32 = 16;

/// So many rooms in which nothing is recorded are kept for pages, so that nobody who asks for pages of many rooms keeps them all open.
const MOST_FOR_PAGES: usize = 10_000;

const ROOMS_AT_ONCE: usize = 32;
const MESSAGES_AT_ONCE: usize = 1024;

/// Of all rooms of a shard. To find the next ones it is gone through from its beginning.
const COPIED_AT_ONCE: usize = 256;

impl Registry {
    /// If the room has no members, and something to be kept for. Called under its shard's lock, so that nobody enters meanwhile.
    pub(super) fn keep(&self, channel: usize, room: &Arc<LiveRoom>) -> bool {
        if room.len() > 0 || room.is_gone() || !self.history.is_watched.load(Ordering::Acquire) {
            return false;
        }
        let Some(kept_for) = room.kept_for().filter(|kept| kept.until > Instant::now()) else {
            return false;
        };
        if !room.is_kept.swap(true, Ordering::AcqRel) {
            self.history.kept.lock().add(KeptRoom { channel, kept_for, room: Arc::clone(room) });
        }
        true
    }

    /// Something was recorded in a room that may be without members.
    #[inline]
    pub(super) fn recorded(&self, channel: usize, room: &Arc<LiveRoom>) {
        if room.has_history() && room.len() == 0 && !room.is_kept.load(Ordering::Acquire) {
            let _rooms = self.channels[channel].rooms.shard(&**room.name());
            self.keep(channel, room);
        }
    }

    /// For a page that is made now: the room is opened, if it is not open, and kept for a while. `None` if it has no history.
    pub fn position(self: &Arc<Self>, channel: usize, name: &Arc<str>) -> Option<Position> {
        self.watch_history();
        let entry = &self.channels[channel];
        let (mut is_kept, mut opened) = (false, None);
        let position = entry.open(name, entry.make_state, |room| {
            opened = Some(Arc::clone(room));
            let position = self.promise(channel, room);
            is_kept = room.len() > 0 || room.is_kept.load(Ordering::Acquire);
            position
        });
        if let Some(room) = opened.filter(|_| !is_kept) {
            self.close_unless_kept(channel, &room);
        }
        self.bound_those_for_pages();
        position
    }

    /// As [`position`](Self::position), of a room that its owner has opened. `None` if it has closed meanwhile.
    pub fn position_of_owned(self: &Arc<Self>, channel: usize, name: &str) -> Option<Position> {
        self.watch_history();
        let position = {
            let rooms = self.channels[channel].rooms.shard(name);
            self.promise(channel, rooms.get(name)?)
        };
        self.bound_those_for_pages();
        position
    }

    /// Under the shard's lock. Above the bound nobody is promised more.
    fn promise(&self, channel: usize, room: &Arc<LiveRoom>) -> Option<Position> {
        let position = room.position(!self.history.budget.is_over());
        self.keep(channel, room);
        position
    }

    /// Those are let go whose page was asked for first. As a page is made: a few at a time, for some may be listed anew instead.
    fn bound_those_for_pages(&self) {
        let most = MOST_FOR_PAGES.min(self.history.budget.most() / 8 / ROOM_BYTES).max(1);
        let now = Instant::now();
        for _ in 0..ROOMS_AT_ONCE {
            let oldest = {
                let mut kept = self.history.kept.lock();
                if kept.for_pages() <= most {
                    return;
                }
                kept.take_first_for_a_page()
            };
            let Some(oldest) = oldest else { return };
            drop(self.let_go_if_bare(&oldest, now));
        }
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

    async fn look_at_kept(&self) {
        let now = Instant::now();
        loop {
            let due = self.history.kept.lock().take_due(now, ROOMS_AT_ONCE);
            if due.is_empty() {
                return;
            }
            let still = |kept: &KeptRoom| self.let_go_unless(kept, || self.keep(kept.channel, &kept.room));
            dropped(due.iter().map(still).collect()).await;
        }
    }

    /// A room that was opened, and that nobody has entered.
    pub(super) fn close_unless_kept(&self, channel: usize, room: &Arc<LiveRoom>) {
        let mut rooms = self.channels[channel].rooms.shard(&**room.name());
        if room.len() == 0 && !room.is_gone() && !room.has_owner() && !room.is_kept.load(Ordering::Acquire) {
            ChannelRooms::retire(&mut rooms, room);
        }
    }

    /// It was taken from its list. If it has no members, and `stays` does not list it again, its history keeps it no more: one with an
    /// owner closes when its grace is over.
    fn let_go_unless(&self, KeptRoom { channel, room, .. }: &KeptRoom, stays: impl FnOnce() -> bool) -> Forgotten {
        let forgotten = {
            let mut rooms = self.channels[*channel].rooms.shard(&**room.name());
            room.is_kept.store(false, Ordering::Release);
            if room.len() > 0 || room.is_gone() || stays() {
                return Forgotten::default();
            }
            if !room.has_owner() {
                ChannelRooms::retire(&mut rooms, room);
            }
            room.shed_history(Log::give_up)
        };
        if let Some(owner) = &room.owner {
            Arc::clone(owner).on_given_up();
        }
        forgotten
    }

    /// Unless it is not its turn.
    fn let_go(&self, kept: &KeptRoom, began: Instant) -> Forgotten {
        self.let_go_unless(kept, || is_too_early(kept, began) && self.keep(kept.channel, &kept.room))
    }

    /// One that was kept for a page may have messages by now: then it is listed with those that have.
    fn let_go_if_bare(&self, kept: &KeptRoom, began: Instant) -> Forgotten {
        let has_messages = || kept.room.kept_for().is_some_and(|kept| kept.has_messages);
        let stays = || (has_messages() || is_too_early(kept, began)) && self.keep(kept.channel, &kept.room);
        self.let_go_unless(kept, stays)
    }

    /// First of rooms without members: those that are kept for a page alone, by when it was told its position; then all messages of the
    /// others, and then those rooms, by the time at which they would be let go. Then the oldest messages of all.
    async fn shed_history(&self) {
        let (budget, began) = (&self.history.budget, Instant::now());
        // Not only as much as is too much, or the next message would be too much again.
        let is_enough = || budget.bytes() <= budget.most() / 8 * 7;
        self.let_go_until(&is_enough, began, KeptRooms::take_first_for_a_page, Self::let_go_if_bare).await;
        let mut last = None;
        while !is_enough() {
            let few = self.history.kept.lock().after(last, ROOMS_AT_ONCE);
            let Some((due, _)) = few.last() else { break };
            last = Some(*due);
            let clear = |(due, kept): &(Due, KeptRoom)| {
                if is_enough() {
                    return Forgotten::default();
                }
                if !is_too_early(kept, began) {
                    return kept.room.clear_history_if_empty();
                }
                let listed = self.history.kept.lock().take_with_messages(*due);
                listed.map_or_else(Forgotten::default, |kept| self.let_go(&kept, began))
            };
            dropped(few.iter().map(clear).collect()).await;
        }
        self.let_go_until(&is_enough, began, KeptRooms::take_first_with_messages, Self::let_go).await;
        // The rest are rooms with members, and costs that no message has.
        let is_enough = || is_enough() || budget.entry_bytes() <= budget.most() / 2;
        if is_enough() {
            return;
        }
        for halvings in 1..=HALVINGS {
            for rooms in self.channels.iter().filter(|channel| channel.has_history).map(|channel| &channel.rooms) {
                for (at, room) in rooms.values(COPIED_AT_ONCE).enumerate() {
                    let mut is_old = true;
                    while is_old {
                        if is_enough() {
                            return;
                        }
                        let forgotten = room.shed_history(|log| log.shed_half(began, halvings, MESSAGES_AT_ONCE));
                        is_old = forgotten.len() == MESSAGES_AT_ONCE;
                        if forgotten.len() > 0 || at % ROOMS_AT_ONCE == 0 {
                            dropped(vec![forgotten]).await;
                        }
                    }
                }
            }
        }
    }

    async fn let_go_until(
        &self,
        is_enough: &(impl Fn() -> bool + Sync),
        began: Instant,
        take: fn(&mut KeptRooms) -> Option<KeptRoom>,
        let_go: fn(&Self, &KeptRoom, Instant) -> Forgotten,
    ) {
        loop {
            let mut forgotten = Vec::new();
            while forgotten.len() < ROOMS_AT_ONCE && !is_enough() {
                let first = take(&mut self.history.kept.lock());
                let Some(first) = first else { break };
                forgotten.push(let_go(self, &first, began));
            }
            if forgotten.is_empty() {
                return;
            }
            dropped(forgotten).await;
        }
    }
}

/// It was used since it was listed: its turn comes later. What is used all the time is not put off for ever.
fn is_too_early(kept: &KeptRoom, began: Instant) -> bool {
    let since = kept.kept_for.since;
    since < began && kept.room.kept_for().is_some_and(|now| now.since > since)
}

/// Others run before it is done, and after each thousand messages.
async fn dropped(forgotten: Vec<Forgotten>) {
    let mut dropped = 0;
    for mut messages in forgotten {
        while messages.len() > 0 {
            if dropped >= MESSAGES_AT_ONCE {
                dropped = 0;
                yield_now().await;
            }
            let before = messages.len();
            messages.drop_some(MESSAGES_AT_ONCE - dropped);
            dropped += before - messages.len();
        }
    }
    yield_now().await;
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
        registry.look_at_kept().await;
        if registry.history.budget.is_over() {
            registry.shed_history().await;
        }
    }
}

#[cfg(all(test, any(feature = "cluster", feature = "deflate")))]
mod tests {
    use std::any::TypeId;

    use super::*;
    use crate::room::exclusions::Exclusions;
    use crate::room::log::Limits;
    use crate::room::membership::NewConnection;
    use crate::wire::frame::{Opcode, frame};

    #[test]
    fn the_messages_of_a_room_that_somebody_has_entered_meanwhile_are_not_cleared() {
        const LIMITS: Limits =
            Limits { size: 9, bytes: 1 << 20, age: Duration::from_secs(60), recent: 0, has_snapshot: false };
        let mut registry = Registry::new();
        registry.add::<()>(TypeId::of::<()>(), || None, Some(|_| Some(LIMITS)));
        let registry = Arc::new(registry);
        let member = registry.enter(NewConnection::into_room("/"));
        let room = Arc::clone(&member.connection.own_room);
        drop(room.shed_history(|log| {
            log.push(frame(Opcode::Text, b"{}"), &Exclusions::default(), Instant::now());
            Forgotten::default()
        }));
        assert_eq!(room.clear_history_if_empty().len(), 0);
        drop(member);
        assert_eq!(room.clear_history_if_empty().len(), 1);
    }
}
