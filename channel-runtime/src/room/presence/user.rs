//! A user who is present, with an entry for each of its connections.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::time::Instant;

use crate::connection::id::ConnectionId;
use crate::room::presence::shown::Shown;

pub(super) struct User {
    pub name: Arc<str>,
    pub entries: Vec<Entry>,
    pub is_told: bool,
    pub is_changed: bool,
    /// Its place among those of whom connections were lost.
    pub lost: Option<Instant>,
}

impl User {
    pub fn new(name: Arc<str>) -> Self {
        Self { name, entries: Vec::new(), is_told: false, is_changed: false, lost: None }
    }

    /// Of a connection that is here.
    pub fn of(&mut self, connection: ConnectionId) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.connection == connection && entry.until.is_none())
    }
}

pub(super) struct Entry {
    /// By which clients know it: the connection by which it began, which may have been lost since, and come back as another.
    pub id: ConnectionId,
    pub connection: ConnectionId,
    pub shown: Shown,
    /// What clients know. `None` if they do not know of it.
    pub told: Option<Arc<str>>,
    /// It is no more from then on, if nobody comes back for it.
    pub until: Option<Instant>,
    /// Its user was sent away: it ends with its connection, however that ends.
    pub is_sent_away: bool,
}

impl Entry {
    pub fn is_over(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    pub fn is_known(&self) -> bool {
        self.told.as_ref() == Some(&self.shown.json)
    }
}

/// In the order of their names, with what clients know of each.
pub(super) fn told(
    users: &BTreeMap<Arc<str>, User>,
) -> impl Iterator<Item = (&str, impl Iterator<Item = (ConnectionId, &str)>)> {
    users.iter().filter(|(_, user)| user.is_told).map(|(name, user)| {
        let known = user.entries.iter().filter_map(|entry| Some((entry.id, entry.told.as_deref()?)));
        (&**name, known)
    })
}

/// The id of a connection that is nobody's.
pub(super) fn name_of(user: Option<&str>, connection: ConnectionId) -> Cow<'_, str> {
    user.map_or_else(|| connection.to_string().into(), Cow::Borrowed)
}
