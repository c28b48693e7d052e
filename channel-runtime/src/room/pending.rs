//! Accepted connections and handshakes not yet in their room, by user, so that disconnects and notices reach them too.
//!
//! To find all connections of a user, look here before the members: a connection becomes a member before it is removed here. A
//! handshake is listed once its extractors have found its user; `revocations` has the disconnects meanwhile.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::future::pending;
use std::sync::{Arc, OnceLock};

use parking_lot::{MappedMutexGuard, Mutex, MutexGuard};
use tokio::sync::Notify;

use crate::connection::id::ConnectionId;
use crate::connection::in_flight::Activity;
use crate::connection::inbox::Inbox;
use crate::connection::user_key::UserKey;
use crate::room::member::Member;
use crate::room::reach::Reach;
use crate::room::revocations::{Moment, Revocations};
use crate::room::sharded_map::shrink;
use crate::wire::close::Close;

#[derive(Clone, Default)]
pub(crate) struct PendingConnections(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    users: HashMap<UserKey, BTreeMap<ConnectionId, Arc<PendingConnection>>>,
    revocations: Revocations,
}

pub(crate) struct PendingConnection {
    pub id: ConnectionId,
    channel: usize,
    room: Arc<str>,
    close: OnceLock<Close>,
    closed: Notify,
    activity: Activity,
    notices: Mutex<Notices>,
}

#[derive(Default)]
struct Notices {
    inbox: Inbox,
    connection: Option<Arc<Member>>,
}

impl PendingConnections {
    /// Handshakes under way are closed once they turn out to be this user's. Returns the other connections that this call closes. A move
    /// passes over those that are on the way to its room.
    pub fn close(&self, user: &UserKey, reach: &Reach, excepted: &[ConnectionId], close: &Close) -> Vec<ConnectionId> {
        // Under the lock throughout: a connection in the list has not checked yet whether it is closed.
        let State { users, revocations } = &mut *self.0.lock();
        revocations.revoke(user, reach.clone(), close);
        let meant = users.get(user).into_iter().flat_map(BTreeMap::values).filter(|connection| {
            reach.includes(connection.channel, &connection.room)
                && !excepted.contains(&connection.id)
                && !close.spares(&connection.room)
                && connection.close.set(close.clone()).is_ok()
        });
        meant.inspect(|connection| connection.closed.notify_one()).map(|connection| connection.id).collect()
    }

    pub fn of_user(&self, user: &UserKey, reach: &Reach) -> Vec<Arc<PendingConnection>> {
        let state = self.0.lock();
        let pending = state.users.get(user).into_iter().flat_map(BTreeMap::values);
        pending.filter(|connection| reach.includes(connection.channel, &connection.room)).cloned().collect()
    }
}

impl PendingConnection {
    /// # Errors
    /// Its connection, if that is open by now: the connection has an inbox of its own.
    pub fn inbox(&self) -> Result<MappedMutexGuard<'_, Inbox>, Arc<Member>> {
        let notices = self.notices.lock();
        match &notices.connection {
            Some(connection) => Err(Arc::clone(connection)),
            None => Ok(MutexGuard::map(notices, |notices| &mut notices.inbox)),
        }
    }

    pub fn is_closed(&self) -> bool {
        self.close.get().is_some()
    }

    pub fn activity(&self) -> &Activity {
        &self.activity
    }

    /// Makes the member, which takes over the notices that were put here.
    pub fn connect(&self, make: impl FnOnce(Inbox) -> Arc<Member>) -> Arc<Member> {
        let mut notices = self.notices.lock();
        let connection = make(std::mem::take(&mut notices.inbox));
        notices.connection = Some(Arc::clone(&connection));
        connection
    }
}

pub(crate) struct PendingGuard {
    pub id: ConnectionId,
    list: PendingConnections,
    /// When the handshake began. `None` once its user is known.
    began: Option<Moment>,
    listed: Option<Listed>,
}

struct Listed {
    user: UserKey,
    connection: Arc<PendingConnection>,
}

impl PendingGuard {
    pub fn begin(list: &PendingConnections) -> Self {
        let began = list.0.lock().revocations.begin();
        Self { id: ConnectionId::next(), list: list.clone(), began: Some(began), listed: None }
    }

    /// The connection is closed if its user has been disconnected since the handshake began.
    pub fn identify(&mut self, channel: usize, room: &Arc<str>, user: Option<UserKey>, activity: &Activity) {
        let Some(began) = self.began.take() else { return };
        let State { users, revocations } = &mut *self.list.0.lock();
        if let Some(user) = user {
            let connection = PendingConnection {
                id: self.id,
                channel,
                room: Arc::clone(room),
                close: OnceLock::new(),
                closed: Notify::new(),
                activity: activity.clone(),
                notices: Mutex::default(),
            };
            if let Some(close) =
                revocations.since(began, &user, |reach| reach.includes(connection.channel, &connection.room))
                && !close.spares(room)
            {
                // Just made: it had none.
                let _ = connection.close.set(close);
            }
            let connection = Arc::new(connection);
            users.entry(user.clone()).or_default().insert(self.id, Arc::clone(&connection));
            self.listed = Some(Listed { user, connection });
        }
        revocations.end(began);
    }

    pub fn user(&self) -> Option<&UserKey> {
        self.listed.as_ref().map(|listed| &listed.user)
    }

    pub fn listed(&self) -> Option<Arc<PendingConnection>> {
        self.listed.as_ref().map(|listed| Arc::clone(&listed.connection))
    }

    pub fn closed(&self) -> Option<Close> {
        self.listed.as_ref()?.connection.close.get().cloned()
    }

    pub async fn until_closed(&self) -> Close {
        let Some(listed) = &self.listed else { return pending().await };
        loop {
            if let Some(close) = listed.connection.close.get() {
                return close.clone();
            }
            // Boxed, because most wait for nothing.
            Box::pin(listed.connection.closed.notified()).await;
        }
    }

    /// Returns its close, if it was closed at the last moment.
    pub fn joined(self) -> Option<Close> {
        let connection = self.listed()?;
        drop(self);
        connection.close.get().cloned()
    }
}

impl Drop for PendingGuard {
    fn drop(&mut self) {
        if self.began.is_none() && self.listed.is_none() {
            return;
        }
        let State { users, revocations } = &mut *self.list.0.lock();
        if let Some(began) = self.began {
            revocations.end(began);
        }
        let Some(Listed { user, connection }) = &self.listed else { return };
        let Some(of_user) = users.get_mut(user) else { return };
        of_user.remove(&connection.id);
        if of_user.is_empty() {
            users.remove(user);
            shrink(users);
        }
    }
}

/// Returns how many were closed, the `pending` ones included: one that has joined its room since counts once.
pub(crate) fn close_all(connections: &[Arc<Member>], close: &Close, pending: &[ConnectionId]) -> usize {
    let pending: HashSet<&ConnectionId> = pending.iter().collect();
    let closed = connections.iter().filter(|connection| connection.outbox().close(close.clone()));
    closed.filter(|connection| !pending.contains(&connection.id)).count() + pending.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::close::{CloseCode, ClosedBy};

    #[test]
    fn one_that_is_closed_at_the_last_moment_is_known_when_it_has_joined_and_listed_no_longer() {
        let list = PendingConnections::default();
        let ann = UserKey::new(&"ann");
        let pending_of = |user: Option<&UserKey>| {
            let mut guard = PendingGuard::begin(&list);
            guard.identify(0, &"/".into(), user.cloned(), &Activity::default());
            guard
        };
        let (first, second) = (pending_of(Some(&ann)), pending_of(Some(&ann)));
        let close = Close::new(ClosedBy::Server, CloseCode::FORBIDDEN, "banned");
        let close_all_of_ann = |excepted: &[ConnectionId]| list.close(&ann, &Reach::default(), excepted, &close);
        assert_eq!(close_all_of_ann(&[second.id]), [first.id]);
        assert_eq!(first.joined(), Some(close.clone()));
        assert_eq!(close_all_of_ann(&[]), [second.id]);
        drop(second);
        assert!(list.0.lock().users.is_empty());
        assert_eq!(pending_of(None).joined(), None);
    }

    #[test]
    fn a_handshake_is_closed_that_began_before_its_user_was_disconnected_whoever_that_turns_out_to_be() {
        let list = PendingConnections::default();
        let (ann, bob) = (UserKey::new(&"ann"), UserKey::new(&"bob"));
        let close = Close::new(ClosedBy::Server, CloseCode::FORBIDDEN, "banned");
        let cases =
            [(0, "/a", &bob, None), (1, "/a", &ann, None), (0, "/b", &ann, None), (0, "/a", &ann, Some(&close))];
        let reach = Reach { channel: Some(0), rooms: Some(vec!["/a".into()]) };
        let early = cases.map(|case| (PendingGuard::begin(&list), case));
        assert!(list.close(&ann, &reach, &[], &close).is_empty());
        let mut late = PendingGuard::begin(&list);
        for (mut early, (channel, room, user, end)) in early {
            early.identify(channel, &room.into(), Some(user.clone()), &Activity::default());
            assert_eq!(early.closed().as_ref(), end);
        }
        late.identify(0, &"/a".into(), Some(ann), &Activity::default());
        assert_eq!(late.closed(), None);
    }

    #[test]
    fn a_move_passes_over_who_is_on_the_way_to_its_room_and_a_disconnect_does_not() {
        let list = PendingConnections::default();
        let (ann, reach) = (UserKey::new(&"ann"), Reach { channel: Some(0), rooms: None });
        let (moved, banned) = (Close::moved("/b"), Close::new(ClosedBy::Server, CloseCode::FORBIDDEN, "banned"));
        let begin = |room: &str, is_known: bool| {
            let mut guard = PendingGuard::begin(&list);
            if is_known {
                guard.identify(0, &room.into(), Some(ann.clone()), &Activity::default());
            }
            guard
        };
        let identified = |mut guard: PendingGuard, room: &str| {
            guard.identify(0, &room.into(), Some(ann.clone()), &Activity::default());
            guard.joined()
        };
        let (there, elsewhere) = (begin("/b", true), begin("/a", true));
        let [early, other] = [begin("/b", false), begin("/a", false)];
        assert_eq!(list.close(&ann, &reach, &[], &moved), [elsewhere.id]);
        assert_eq!((there.joined(), elsewhere.joined()), (None, Some(moved.clone())));
        assert_eq!((identified(early, "/b"), identified(other, "/a")), (None, Some(moved.clone())));
        // The move does not make it forgotten.
        for closes in [[&moved, &banned], [&banned, &moved]] {
            let [early, other] = [begin("/b", false), begin("/a", false)];
            assert!(closes.into_iter().all(|close| list.close(&ann, &reach, &[], close).is_empty()));
            assert_eq!(
                (identified(early, "/b"), identified(other, "/a")),
                (Some(banned.clone()), Some(banned.clone()))
            );
        }
        // Of several moves the last counts.
        let [early, other] = [begin("/b", false), begin("/c", false)];
        list.close(&ann, &reach, &[], &moved);
        list.close(&ann, &reach, &[], &Close::moved("/c"));
        assert_eq!((identified(early, "/b"), identified(other, "/c")), (Some(Close::moved("/c")), None));
    }
}
