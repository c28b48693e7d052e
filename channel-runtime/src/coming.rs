//! Who has been let in and is not here yet, by user: who is sent away meanwhile does not come in.
//!
//! A client takes the answer to its handshake first, and waits for its room where that has to be opened. Whoever looks for a
//! user's connections looks here first and at those who are here after that; who comes is here before it is no longer coming.
//! So nobody slips through between the two.

use std::collections::HashMap;
use std::future::pending;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::connection::{Connection, ConnectionId};
use crate::registry::{Registry, UserKey};
use crate::wire::close::Close;

/// All who are coming to an app and say who they are.
#[derive(Default)]
pub(crate) struct Comers(Mutex<HashMap<UserKey, Vec<Arc<Comer>>>>);

/// One of them.
pub(crate) struct Comer {
    pub id: ConnectionId,
    /// The place of its channel in the app.
    pub channel: usize,
    /// How it ends, once it has been sent away.
    close: OnceLock<Close>,
    sent_away: Notify,
}

impl Comers {
    /// Sends away those of this user that `admits` lets through, and tells which had not been.
    pub fn send_away(&self, user: &UserKey, close: &Close, admits: impl Fn(&Comer) -> bool) -> Vec<ConnectionId> {
        // Under the lock throughout: whoever is in the list has not looked yet how it ends.
        let comers = self.0.lock();
        let sent_away = comers.get(user).into_iter().flatten().filter(|comer| {
            let is_first = admits(comer) && comer.close.set(close.clone()).is_ok();
            if is_first {
                comer.sent_away.notify_one();
            }
            is_first
        });
        sent_away.map(|comer| comer.id).collect()
    }
}

/// A client on its way, from when it is known who it is until it is here; dropped, it does not come any more.
pub(crate) struct Coming {
    pub id: ConnectionId,
    /// Nothing where it does not say who it is: nobody looks for it then.
    listed: Option<Listed>,
}

impl Coming {
    pub fn new(registry: &Arc<Registry>, channel: usize, user: Option<&UserKey>) -> Self {
        let id = ConnectionId::next();
        let listed = user.map(|user| {
            let comer = Arc::new(Comer { id, channel, close: OnceLock::new(), sent_away: Notify::new() });
            registry.comers().0.lock().entry(user.clone()).or_default().push(Arc::clone(&comer));
            Listed { registry: Arc::clone(registry), user: user.clone(), comer }
        });
        Self { id, listed }
    }

    /// How it ends, where it has been sent away.
    pub fn sent_away(&self) -> Option<Close> {
        self.listed.as_ref()?.comer.close.get().cloned()
    }

    /// Waits until it is sent away.
    pub async fn until_sent_away(&self) -> Close {
        loop {
            match (&self.listed, self.sent_away()) {
                (_, Some(close)) => return close,
                (Some(listed), None) => listed.comer.sent_away.notified().await,
                (None, None) => pending().await,
            }
        }
    }

    /// It is here. How it ends all the same, where it was sent away in the last moment.
    pub fn arrive(self) -> Option<Close> {
        let comer = Arc::clone(&self.listed.as_ref()?.comer);
        // Not listed any more: from now on it is found among those who are here.
        drop(self);
        comer.close.get().cloned()
    }
}

struct Listed {
    registry: Arc<Registry>,
    user: UserKey,
    comer: Arc<Comer>,
}

impl Drop for Listed {
    fn drop(&mut self) {
        let mut comers = self.registry.comers().0.lock();
        let Some(of_user) = comers.get_mut(&self.user) else { return };
        of_user.retain(|comer| comer.id != self.comer.id);
        if of_user.is_empty() {
            comers.remove(&self.user);
            if comers.len() * 4 < comers.capacity() {
                let keep = comers.len() * 2;
                comers.shrink_to(keep);
            }
        }
    }
}

/// Closes these connections; tells how many that makes with those that had been sent away on their way, which may be among
/// them by now.
pub(crate) fn end_all(connections: &[Arc<Connection>], close: &Close, coming: &[ConnectionId]) -> usize {
    let closed = connections.iter().filter(|connection| connection.outbox.close(close.clone()));
    closed.filter(|connection| !coming.contains(&connection.id)).count() + coming.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::close::{CloseCode, ClosedBy};

    #[test]
    fn who_is_sent_away_in_the_last_moment_is_known_when_it_arrives_and_listed_no_longer() {
        let registry = Arc::new(Registry::new());
        let ann = UserKey::new(&"ann");
        let (first, second) = (Coming::new(&registry, 0, Some(&ann)), Coming::new(&registry, 0, Some(&ann)));
        let close = Close::new(ClosedBy::Server, CloseCode::FORBIDDEN, "banned");
        assert_eq!(registry.comers().send_away(&ann, &close, |comer| comer.id == first.id), [first.id]);
        assert_eq!(first.arrive(), Some(close.clone()));
        assert_eq!(registry.comers().send_away(&ann, &close, |_| true), [second.id]);
        drop(second);
        assert!(registry.comers().0.lock().is_empty());
        assert_eq!(Coming::new(&registry, 0, None).arrive(), None);
    }
}
