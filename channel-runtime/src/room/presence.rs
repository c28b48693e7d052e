//! Who is present in a room: a table of what is seen of each connection, and what its clients have not been told of it yet.
//!
//! All of it is under the room's members' lock. A client that enters is told what all others have been told; what has changed since
//! is told to all of them with the next tick, in one frame. No value of the user's is dropped under the lock: it is put aside.

mod frames;
mod shown;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::connection::id::ConnectionId;
use crate::connection::moment::after;
use crate::room::presence::frames::Diff;
pub use crate::room::presence::shown::Shown;
use crate::wire::frame::Frame;

/// While counts alone are told, a tick is no shorter.
const COUNTS_EVERY: Duration = Duration::from_secs(1);

/// Those that are behind are looked at so often, or with each tick if that is more often.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How it is told who is present.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Who was lost is present for so long.
    pub grace: Duration,
    /// The least time between two frames.
    pub every: Duration,
    /// Of more connections the number alone is told.
    pub diffs_up_to: usize,
}

/// A user who is present, and what is seen of each of its connections.
pub(crate) type OfUser = (Arc<str>, Vec<(ConnectionId, Shown)>);

pub(crate) struct Presence {
    bounds: Bounds,
    /// By what the identity writes; a connection that is nobody's is by its own id.
    users: BTreeMap<Arc<str>, User>,
    /// All entries of all users.
    len: usize,
    told: Told,
    /// Each with something to tell, once, but for one that has gone without a trace since.
    changed: Vec<Arc<str>>,
    /// Users of whom connections were lost, once each, by when the time of the first may end. It may have come back.
    lost: BTreeSet<(Instant, Arc<str>)>,
    /// Members that took no frame when there was one: they are told all anew once they take what waits for them.
    behind: HashSet<ConnectionId>,
    /// When what has changed is told.
    due: Option<Instant>,
    /// When those that are behind are looked at again.
    look: Option<Instant>,
    is_ticking: bool,
    pub(super) wake: Arc<Notify>,
    /// Values that are no more, until they are dropped under no lock.
    aside: Vec<Shown>,
}

/// What all clients know.
#[derive(Default)]
struct Told {
    users: usize,
    is_counted: bool,
    /// The frame for who enters, made when it is needed first.
    here: Option<Frame>,
}

#[derive(Default)]
struct User {
    entries: Vec<Entry>,
    is_told: bool,
    is_changed: bool,
    /// Its place among those of whom connections were lost.
    lost: Option<Instant>,
}

struct Entry {
    /// By which clients know it: the connection by which it began, which may have been lost since, and come back as another.
    id: ConnectionId,
    connection: ConnectionId,
    shown: Shown,
    /// What clients know. `None` if they do not know of it.
    told: Option<Arc<str>>,
    /// It is no more from then on, if nobody comes back for it.
    until: Option<Instant>,
}

impl Entry {
    fn is_over(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    fn is_known(&self) -> bool {
        self.told.as_ref() == Some(&self.shown.json)
    }
}

/// How a connection leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// It was meant.
    ForGood,
    /// It may come back.
    Lost,
}

impl Presence {
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            users: BTreeMap::new(),
            len: 0,
            told: Told::default(),
            changed: Vec::new(),
            lost: BTreeSet::new(),
            behind: HashSet::new(),
            due: None,
            look: None,
            is_ticking: false,
            wake: Arc::default(),
            aside: Vec::new(),
        }
    }

    /// A connection of this user, or of nobody. It takes the place of one that the user has lost, if there is one.
    pub fn enter(&mut self, user: Option<&str>, connection: ConnectionId, shown: Shown, now: Instant) {
        let name = name_of(user, connection);
        let of_user = self.users.entry(Arc::clone(&name)).or_default();
        let lost = |entry: &&mut Entry| user.is_some() && entry.until.is_some();
        let same = of_user.entries.iter().position(|entry| entry.until.is_some() && entry.shown.json == shown.json);
        let entry = match same.filter(|_| user.is_some()) {
            Some(at) => of_user.entries.get_mut(at),
            None => of_user.entries.iter_mut().find(lost),
        };
        if let Some(entry) = entry {
            (entry.connection, entry.until) = (connection, None);
            self.aside.push(std::mem::replace(&mut entry.shown, shown));
            if entry.is_known() {
                return;
            }
        } else {
            of_user.entries.push(Entry { id: connection, connection, shown, told: None, until: None });
            self.len += 1;
        }
        self.change(&name, now);
    }

    /// What is seen of it is another value now. One that had none before enters.
    pub fn replace(&mut self, user: Option<&str>, connection: ConnectionId, shown: Shown, now: Instant) {
        let name = name_of(user, connection);
        let entry = self.users.get_mut(&name).and_then(|user| user.of(connection));
        let Some(entry) = entry else { return self.enter(user, connection, shown, now) };
        self.aside.push(std::mem::replace(&mut entry.shown, shown));
        if !entry.is_known() {
            self.change(&name, now);
        }
    }

    /// What is seen of it now. `None` if nothing is.
    pub fn shown(&self, user: Option<&str>, connection: ConnectionId) -> Option<Shown> {
        let entries = &self.users.get(&name_of(user, connection))?.entries;
        entries.iter().find(|entry| entry.connection == connection).map(|entry| entry.shown.clone())
    }

    pub fn leave(&mut self, user: Option<&str>, connection: ConnectionId, leaving: Leaving, now: Instant) {
        self.behind.remove(&connection);
        let name = name_of(user, connection);
        let Some(of_user) = self.users.get_mut(&name) else { return };
        let Some(at) = of_user.entries.iter().position(|entry| entry.connection == connection) else { return };
        let entry = &mut of_user.entries[at];
        if entry.until.is_some() {
            return;
        }
        if entry.told.is_none() {
            // Nobody knows of it.
            self.aside.push(of_user.entries.remove(at).shown);
            self.len -= 1;
            if of_user.entries.is_empty() {
                self.remove(&name);
            }
            return;
        }
        // Nobody comes back for what is nobody's.
        if leaving == Leaving::Lost && user.is_some() {
            let until = after(now, self.bounds.grace);
            entry.until = Some(until);
            if of_user.lost.is_none() {
                of_user.lost = Some(until);
                self.lost.insert((until, name));
            }
        } else {
            entry.until = Some(now);
            self.change(&name, now);
        }
    }

    fn remove(&mut self, name: &Arc<str>) {
        if let Some(lost) = self.users.remove(name).and_then(|user| user.lost) {
            self.lost.remove(&(lost, Arc::clone(name)));
        }
    }

    /// The room has no members.
    pub fn clear(&mut self) {
        let users = std::mem::take(&mut self.users);
        self.aside.extend(users.into_values().flat_map(|user| user.entries).map(|entry| entry.shown));
        self.changed.clear();
        self.lost.clear();
        self.behind.clear();
        (self.len, self.told, self.due, self.look) = (0, Told::default(), None, None);
        self.wake.notify_one();
    }

    fn change(&mut self, name: &Arc<str>, now: Instant) {
        let Some(user) = self.users.get_mut(name) else { return };
        if !std::mem::replace(&mut user.is_changed, true) {
            self.changed.push(Arc::clone(name));
        }
        if self.due.is_none() {
            let every = match self.told.is_counted {
                true => self.bounds.every.max(COUNTS_EVERY),
                false => self.bounds.every,
            };
            self.due = Some(after(now, every));
            self.wake.notify_one();
        }
    }

    /// For who enters: what the others were told.
    pub fn here(&mut self) -> Frame {
        let Told { users: count, is_counted, here } = &mut self.told;
        here.get_or_insert_with(|| match is_counted {
            true => frames::count(*count),
            false => frames::here(*count, told(&self.users)),
        })
        .clone()
    }

    /// What has changed since the last one, for all members. `None` if there is nothing to tell.
    pub fn tick(&mut self, now: Instant) -> Option<Frame> {
        while self.lost.first().is_some_and(|(until, _)| *until <= now) {
            let (_, name) = self.lost.pop_first()?;
            let Some(user) = self.users.get_mut(&name) else { continue };
            let later = user.entries.iter().filter_map(|entry| entry.until).filter(|until| *until > now);
            user.lost = later.min();
            let is_over = user.entries.iter().any(|entry| entry.is_over(now));
            self.lost.extend(user.lost.map(|lost| (lost, Arc::clone(&name))));
            if is_over {
                self.change(&name, now);
            }
        }
        if self.due.is_none_or(|due| due > now) {
            return None;
        }
        self.due = None;
        let (before, was_counted) = (self.told.users, self.told.is_counted);
        let mut diff = Diff::default();
        for name in std::mem::take(&mut self.changed) {
            // Of counts alone nobody hears a name.
            self.settle(&name, (!was_counted).then_some(&mut diff), now);
        }
        // It goes back to names when there are clearly fewer, so that it does not change to and fro.
        let most = if was_counted { self.bounds.diffs_up_to * 3 / 4 } else { self.bounds.diffs_up_to };
        self.told.is_counted = self.len > most;
        match (was_counted, self.told.is_counted) {
            (true, true) if before == self.told.users => None,
            (_, true) | (true, false) => {
                self.told.here = None;
                Some(self.here())
            }
            (false, false) if diff.is_empty() => None,
            (false, false) => {
                self.told.here = None;
                Some(diff.frame(self.told.users))
            }
        }
    }

    /// What is to be told of a user is told then.
    fn settle(&mut self, name: &Arc<str>, mut diff: Option<&mut Diff>, now: Instant) {
        let Some(user) = self.users.get_mut(name) else { return };
        if !std::mem::take(&mut user.is_changed) {
            return;
        }
        for over in user.entries.extract_if(.., |entry| entry.is_over(now)) {
            self.len -= 1;
            if let Some(diff) = &mut diff {
                diff.left(name, over.id);
            }
            self.aside.push(over.shown);
        }
        for entry in user.entries.iter_mut().filter(|entry| !entry.is_known()) {
            entry.told = Some(Arc::clone(&entry.shown.json));
            if let Some(diff) = &mut diff {
                diff.entered(name, entry.id, &entry.shown.json);
            }
        }
        let was_told = std::mem::replace(&mut user.is_told, !user.entries.is_empty());
        self.told.users = self.told.users + usize::from(user.is_told) - usize::from(was_told);
        if user.entries.is_empty() {
            self.remove(name);
        }
    }

    /// It took no frame.
    pub fn is_behind(&mut self, member: ConnectionId) {
        self.behind.insert(member);
    }

    /// Those that took no frame: they are to be told all, or are behind still.
    pub fn take_behind(&mut self) -> HashSet<ConnectionId> {
        std::mem::take(&mut self.behind)
    }

    pub fn look_again(&mut self, now: Instant) {
        self.look = (!self.behind.is_empty()).then(|| after(now, self.bounds.every.min(LOOK_EVERY)));
    }

    /// When there is something to do. `None` if there is nothing.
    pub fn next(&self) -> Option<Instant> {
        let lost = self.lost.first().map(|(until, _)| *until);
        [self.due, lost, self.look].into_iter().flatten().min()
    }

    /// Whether a task has to be started that ticks.
    pub fn must_start(&self) -> bool {
        self.next().is_some() && !self.is_ticking
    }

    pub fn has_started(&mut self) {
        self.is_ticking = true;
    }

    pub fn has_stopped(&mut self) {
        self.is_ticking = false;
    }

    /// What is to be dropped under no lock.
    pub fn take_aside(&mut self) -> Vec<Shown> {
        std::mem::take(&mut self.aside)
    }

    /// Who is present at this moment, whether it has been told or not.
    pub fn list(&self, now: Instant) -> Vec<OfUser> {
        let of_user = |(name, user): (&Arc<str>, &User)| {
            let entries = user.entries.iter().filter(|entry| !entry.is_over(now));
            let seen: Vec<_> = entries.map(|entry| (entry.connection, entry.shown.clone())).collect();
            (!seen.is_empty()).then(|| (Arc::clone(name), seen))
        };
        self.users.iter().filter_map(of_user).collect()
    }
}

impl User {
    /// Of a connection that is here.
    fn of(&mut self, connection: ConnectionId) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.connection == connection && entry.until.is_none())
    }
}

/// In the order of their names, with what clients know of each.
fn told(users: &BTreeMap<Arc<str>, User>) -> impl Iterator<Item = (&str, impl Iterator<Item = (ConnectionId, &str)>)> {
    users.iter().filter(|(_, user)| user.is_told).map(|(name, user)| {
        let known = user.entries.iter().filter_map(|entry| Some((entry.id, entry.told.as_deref()?)));
        (&**name, known)
    })
}

fn name_of(user: Option<&str>, connection: ConnectionId) -> Arc<str> {
    match user {
        Some(user) => user.into(),
        None => connection.to_string().into(),
    }
}
