//! Who is present in a room: a table of what is seen of each connection, and what its clients have not been told of it yet.
//!
//! All of it is under the room's members' lock. A client that enters is told what all others have been told; what has changed since
//! is told to all of them with the next tick, in one frame. No value of the user's is dropped under the lock: it is put aside.

mod frames;
mod shown;
#[cfg(test)]
mod tests;
mod user;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::connection::id::ConnectionId;
use crate::connection::moment::after;
use crate::room::presence::frames::Diff;
pub use crate::room::presence::shown::Shown;
use crate::room::presence::user::{Entry, User, name_of, told};
use crate::wire::frame::Frame;

/// While counts alone are told, a tick is no shorter.
const COUNTS_EVERY: Duration = Duration::from_secs(1);

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
    /// Members that took no frame when there was one: their own tasks have them told all anew when nothing waits for them any more.
    behind: HashSet<ConnectionId>,
    /// Members whose clients have come back by another connection: they have no entry, and get none.
    superseded: HashSet<ConnectionId>,
    /// When what has changed is told.
    due: Option<Instant>,
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
            superseded: HashSet::new(),
            due: None,
            is_ticking: false,
            wake: Arc::default(),
            aside: Vec::new(),
        }
    }

    /// A connection of this user, or of nobody. It takes the place of one that the user has lost, if there is one.
    pub fn enter(&mut self, user: Option<&str>, connection: ConnectionId, shown: Shown, now: Instant) {
        let name = name_of(user, connection);
        if !self.users.contains_key(&*name) {
            let name: Arc<str> = (*name).into();
            self.users.insert(Arc::clone(&name), User::new(name));
        }
        let Some(of_user) = self.users.get_mut(&*name) else { return };
        let lost = |entry: &&mut Entry| user.is_some() && entry.until.is_some();
        let same = of_user.entries.iter().position(|entry| entry.until.is_some() && entry.shown.json == shown.json);
        let entry = match same.filter(|_| user.is_some()) {
            Some(at) => of_user.entries.get_mut(at),
            None => of_user.entries.iter_mut().find(lost),
        };
        if let Some(entry) = entry {
            (entry.connection, entry.until, entry.is_sent_away) = (connection, None, false);
            self.aside.push(std::mem::replace(&mut entry.shown, shown));
            if entry.is_known() {
                return;
            }
        } else {
            let entry = Entry { id: connection, connection, shown, told: None, until: None, is_sent_away: false };
            of_user.entries.push(entry);
            self.len += 1;
        }
        self.change(&name, now);
    }

    /// What is seen of it is another value now. One that had none before enters.
    pub fn replace(&mut self, user: Option<&str>, connection: ConnectionId, shown: Shown, now: Instant) {
        if self.superseded.contains(&connection) {
            self.aside.push(shown);
            return;
        }
        let name = name_of(user, connection);
        let entry = self.users.get_mut(&*name).and_then(|user| user.of(connection));
        let Some(entry) = entry else { return self.enter(user, connection, shown, now) };
        self.aside.push(std::mem::replace(&mut entry.shown, shown));
        if !entry.is_known() {
            self.change(&name, now);
        }
    }

    /// What is seen of it now. `None` if nothing is.
    pub fn shown(&self, user: Option<&str>, connection: ConnectionId) -> Option<Shown> {
        let entries = &self.users.get(&*name_of(user, connection))?.entries;
        entries.iter().find(|entry| entry.connection == connection).map(|entry| entry.shown.clone())
    }

    pub fn leave(&mut self, user: Option<&str>, connection: ConnectionId, leaving: Leaving, now: Instant) {
        self.behind.remove(&connection);
        self.superseded.remove(&connection);
        self.end_entry(user, connection, leaving, now);
    }

    /// The client of a member comes back before its connection has ended: the entry is one that the user has lost, for whoever enters next.
    pub fn supersede(&mut self, user: &str, is_the_client: impl Fn(ConnectionId) -> bool, now: Instant) {
        let of_user = self.users.get(user);
        let here =
            of_user.and_then(|user| user.entries.iter().find(|e| e.until.is_none() && is_the_client(e.connection)));
        if let Some(connection) = here.map(|entry| entry.connection) {
            self.superseded.insert(connection);
            self.end_entry(Some(user), connection, Leaving::Lost, now);
        }
    }

    fn end_entry(&mut self, user: Option<&str>, connection: ConnectionId, leaving: Leaving, now: Instant) {
        let name = name_of(user, connection);
        let Some(of_user) = self.users.get_mut(&*name) else { return };
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
        if leaving == Leaving::Lost && user.is_some() && !entry.is_sent_away {
            let until = after(now, self.bounds.grace);
            entry.until = Some(until);
            if of_user.lost.is_none() {
                of_user.lost = Some(until);
                self.lost.insert((until, Arc::clone(&of_user.name)));
            }
        } else {
            entry.until = Some(now);
            self.change(&name, now);
        }
    }

    /// Whether a user may be present whose connection was lost.
    pub fn has_lost(&self) -> bool {
        !self.lost.is_empty()
    }

    /// A user's connections are closed: of those that were lost the entries are no more, and the others end with their connections.
    /// Returns whether one was lost.
    pub fn send_away(&mut self, user: &str, is_meant: impl Fn(ConnectionId) -> bool, now: Instant) -> bool {
        let Some(of_user) = self.users.get_mut(user) else { return false };
        let mut was_lost = false;
        for entry in of_user.entries.iter_mut().filter(|entry| is_meant(entry.connection)) {
            entry.is_sent_away = true;
            if entry.until.is_some_and(|until| until > now) {
                entry.until = Some(now);
                was_lost = true;
            }
        }
        if was_lost {
            self.change(user, now);
        }
        was_lost
    }

    fn remove(&mut self, name: &str) {
        if let Some(User { name, lost: Some(lost), .. }) = self.users.remove(name) {
            self.lost.remove(&(lost, name));
        }
    }

    /// The room has no members.
    pub fn clear(&mut self) {
        let users = std::mem::take(&mut self.users);
        self.aside.extend(users.into_values().flat_map(|user| user.entries).map(|entry| entry.shown));
        self.changed.clear();
        self.lost.clear();
        self.behind.clear();
        self.superseded.clear();
        (self.len, self.told, self.due) = (0, Told::default(), None);
        self.wake.notify_one();
    }

    fn change(&mut self, name: &str, now: Instant) {
        let Some(user) = self.users.get_mut(name) else { return };
        if !std::mem::replace(&mut user.is_changed, true) {
            self.changed.push(Arc::clone(&user.name));
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
    pub fn falls_behind(&mut self, member: ConnectionId) {
        self.behind.insert(member);
    }

    pub fn is_behind(&self, member: ConnectionId) -> bool {
        self.behind.contains(&member)
    }

    /// Returns whether it was behind: it is told all then, or has left.
    pub fn catches_up(&mut self, member: ConnectionId) -> bool {
        self.behind.remove(&member)
    }

    /// When there is something to do. `None` if there is nothing.
    pub fn next(&self) -> Option<Instant> {
        let lost = self.lost.first().map(|(until, _)| *until);
        [self.due, lost].into_iter().flatten().min()
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
