//! Accepted connections and handshakes that have not joined their room yet, indexed by user, so that a disconnect and a notice
//! reach them too.
//!
//! Whoever looks for a user's connections looks here first and among the members after that; a connection is a member before it
//! is listed here no longer. So nobody is missed between the two. A handshake is listed once its extractors have run, which is
//! when its user is known; what was revoked while they ran is remembered (`revocations`).

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

/// All who are coming to an app.
#[derive(Clone, Default)]
pub(crate) struct PendingConnections(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    users: HashMap<UserKey, BTreeMap<ConnectionId, Arc<PendingConnection>>>,
    revocations: Revocations,
}

/// One who is coming and says who it is.
pub(crate) struct PendingConnection {
    pub id: ConnectionId,
    /// The place of its channel in the app.
    channel: usize,
    /// The name of its path's room.
    room: Arc<str>,
    /// How it ends, once it has been sent away.
    close: OnceLock<Close>,
    sent_away: Notify,
    activity: Activity,
    told: Mutex<Told>,
}

/// Where its notices are put.
#[derive(Default)]
struct Told {
    /// Before there is a connection.
    inbox: Inbox,
    /// `None` until it is open.
    connection: Option<Arc<Member>>,
}

impl PendingConnections {
    /// Sends away those of this user that are meant and not `excepted`, and whoever turns out to be one and whose handshake is
    /// under way. Returns which of them are known and had not been sent away.
    pub fn send_away(
        &self,
        user: &UserKey,
        reach: &Reach,
        excepted: &[ConnectionId],
        close: &Close,
    ) -> Vec<ConnectionId> {
        // Under the lock throughout: whoever is in the list has not looked yet how it ends.
        let State { users, revocations } = &mut *self.0.lock();
        revocations.revoke(user, reach.clone(), close);
        let meant = users.get(user).into_iter().flat_map(BTreeMap::values).filter(|comer| {
            reach.includes(comer.channel, &comer.room)
                && !excepted.contains(&comer.id)
                && comer.close.set(close.clone()).is_ok()
        });
        meant.inspect(|comer| comer.sent_away.notify_one()).map(|comer| comer.id).collect()
    }

    /// Those of this user that are meant.
    pub fn of_user(&self, user: &UserKey, reach: &Reach) -> Vec<Arc<PendingConnection>> {
        let state = self.0.lock();
        let pending = state.users.get(user).into_iter().flat_map(BTreeMap::values);
        pending.filter(|comer| reach.includes(comer.channel, &comer.room)).cloned().collect()
    }
}

impl PendingConnection {
    /// The inbox that keeps its notices until it is open.
    ///
    /// # Errors
    /// Its connection, if that is open by now: the connection has an inbox of its own.
    pub fn inbox(&self) -> Result<MappedMutexGuard<'_, Inbox>, Arc<Member>> {
        let told = self.told.lock();
        match &told.connection {
            Some(connection) => Err(Arc::clone(connection)),
            None => Ok(MutexGuard::map(told, |told| &mut told.inbox)),
        }
    }

    /// Whether it has been closed.
    pub fn is_closed(&self) -> bool {
        self.close.get().is_some()
    }

    pub fn activity(&self) -> &Activity {
        &self.activity
    }

    /// Makes its connection, with what it was told meanwhile.
    pub fn connect(&self, make: impl FnOnce(Inbox) -> Arc<Member>) -> Arc<Member> {
        let mut told = self.told.lock();
        let connection = make(std::mem::take(&mut told.inbox));
        told.connection = Some(Arc::clone(&connection));
        connection
    }
}

/// A client on its way, from when its handshake begins until it is here; dropped, it does not come any more.
pub(crate) struct PendingGuard {
    pub id: ConnectionId,
    list: PendingConnections,
    /// `None` once it is known whose it is.
    began: Option<Moment>,
    /// `None` where it does not say who it is: nobody looks for it then.
    listed: Option<Listed>,
}

struct Listed {
    user: UserKey,
    comer: Arc<PendingConnection>,
}

impl PendingGuard {
    /// A handshake begins.
    pub fn begin(list: &PendingConnections) -> Self {
        let began = list.0.lock().revocations.begin();
        Self { id: ConnectionId::next(), list: list.clone(), began: Some(began), listed: None }
    }

    /// Its extractors have run, and say whose it is. It is sent away where that user has been disconnected since it began.
    pub fn identify(&mut self, channel: usize, room: &Arc<str>, user: Option<UserKey>, activity: &Activity) {
        let Some(began) = self.began.take() else { return };
        let State { users, revocations } = &mut *self.list.0.lock();
        if let Some(user) = user {
            let comer = PendingConnection {
                id: self.id,
                channel,
                room: Arc::clone(room),
                close: OnceLock::new(),
                sent_away: Notify::new(),
                activity: activity.clone(),
                told: Mutex::default(),
            };
            if let Some(close) = revocations.since(began, &user, |reach| reach.includes(comer.channel, &comer.room)) {
                // It has just been made: there was none.
                let _ = comer.close.set(close);
            }
            let comer = Arc::new(comer);
            users.entry(user.clone()).or_default().insert(self.id, Arc::clone(&comer));
            self.listed = Some(Listed { user, comer });
        }
        revocations.end(began);
    }

    /// Whose it is.
    pub fn user(&self) -> Option<&UserKey> {
        self.listed.as_ref().map(|listed| &listed.user)
    }

    /// As others find it.
    pub fn comer(&self) -> Option<Arc<PendingConnection>> {
        self.listed.as_ref().map(|listed| Arc::clone(&listed.comer))
    }

    /// How it ends, where it has been sent away.
    pub fn sent_away(&self) -> Option<Close> {
        self.listed.as_ref()?.comer.close.get().cloned()
    }

    /// Waits until it is sent away.
    pub async fn until_closed(&self) -> Close {
        let Some(listed) = &self.listed else { return pending().await };
        loop {
            if let Some(close) = listed.comer.close.get() {
                return close.clone();
            }
            // Boxed, for most are nobody's that is looked for.
            Box::pin(listed.comer.sent_away.notified()).await;
        }
    }

    /// It is here. How it ends all the same, where it was sent away in the last moment.
    pub fn arrive(self) -> Option<Close> {
        let comer = self.comer()?;
        // Not listed any more: from now on it is found among those who are here.
        drop(self);
        comer.close.get().cloned()
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
        let Some(Listed { user, comer }) = &self.listed else { return };
        let Some(of_user) = users.get_mut(user) else { return };
        of_user.remove(&comer.id);
        if of_user.is_empty() {
            users.remove(user);
            shrink(users);
        }
    }
}

/// Closes these connections; returns how many that makes with those that had been sent away on their way, which may be among
/// them by now.
pub(crate) fn end_all(connections: &[Arc<Member>], close: &Close, coming: &[ConnectionId]) -> usize {
    let coming: HashSet<&ConnectionId> = coming.iter().collect();
    let closed = connections.iter().filter(|connection| connection.outbox().close(close.clone()));
    closed.filter(|connection| !coming.contains(&connection.id)).count() + coming.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::close::{CloseCode, ClosedBy};

    #[test]
    fn who_is_sent_away_in_the_last_moment_is_known_when_it_arrives_and_listed_no_longer() {
        let list = PendingConnections::default();
        let ann = UserKey::new(&"ann");
        let coming = |user: Option<&UserKey>| {
            let mut coming = PendingGuard::begin(&list);
            coming.identify(0, &"/".into(), user.cloned(), &Activity::default());
            coming
        };
        let (first, second) = (coming(Some(&ann)), coming(Some(&ann)));
        let close = Close::new(ClosedBy::Server, CloseCode::FORBIDDEN, "banned");
        let send_away = |excepted: &[ConnectionId]| list.send_away(&ann, &Reach::default(), excepted, &close);
        assert_eq!(send_away(&[second.id]), [first.id]);
        assert_eq!(first.arrive(), Some(close.clone()));
        assert_eq!(send_away(&[]), [second.id]);
        drop(second);
        assert!(list.0.lock().users.is_empty());
        assert_eq!(coming(None).arrive(), None);
    }

    #[test]
    fn a_handshake_is_sent_away_that_began_before_its_user_was_disconnected_whoever_it_turns_out_to_be() {
        let list = PendingConnections::default();
        let (ann, bob) = (UserKey::new(&"ann"), UserKey::new(&"bob"));
        let close = Close::new(ClosedBy::Server, CloseCode::FORBIDDEN, "banned");
        let cases =
            [(0, "/a", &bob, None), (1, "/a", &ann, None), (0, "/b", &ann, None), (0, "/a", &ann, Some(&close))];
        let reach = Reach { channel: Some(0), rooms: Some(vec!["/a".into()]) };
        let early = cases.map(|case| (PendingGuard::begin(&list), case));
        assert!(list.send_away(&ann, &reach, &[], &close).is_empty());
        let mut late = PendingGuard::begin(&list);
        for (mut early, (channel, room, user, end)) in early {
            early.identify(channel, &room.into(), Some(user.clone()), &Activity::default());
            assert_eq!(early.sent_away().as_ref(), end);
        }
        late.identify(0, &"/a".into(), Some(ann), &Activity::default());
        assert_eq!(late.sent_away(), None);
    }
}
