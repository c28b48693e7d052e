//! A user on all channels of an app: to count their connections, and to disconnect them.

use std::fmt;
use std::sync::Arc;

use crate::channel::identity::UserName;
use crate::room::pending::{Reach, end_all};
use crate::room::registry::{Registry, UserKey};
use crate::wire::close::{Close, CloseCode, ClosedBy};

/// A user on all channels of an app, to be counted or disconnected; messages go through a channel's [`Hub::user`](crate::Hub::user).
#[derive(Clone)]
pub struct User {
    registry: Arc<Registry>,
    key: UserKey,
}

impl User {
    pub(crate) fn new<N: UserName + ?Sized>(registry: &Arc<Registry>, name: &N) -> Self {
        Self { registry: Arc::clone(registry), key: UserKey::named(name) }
    }

    /// How many connections the user has now.
    pub fn len(&self) -> usize {
        self.registry.devices(&self.key)
    }

    /// Whether the user has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Closes each connection of the user, after what was sent to it before; tells how many. Those too that are on their way: their
    /// handshake is at `authorize`, or they have been let in and still wait, for their room to open or for their client to take the
    /// answer to its handshake. Such a connection ends at once and runs no hook, unless it came in at that very moment.
    ///
    /// A handshake that has begun and whose extractors still run does not come in either, once they have said that it is this
    /// user's; it is not counted, for nobody knows of it yet. So make it impossible for the user to log in, and call this then:
    /// nobody who was let in by what was true before is there afterwards.
    pub fn disconnect(&self, code: CloseCode, reason: &str) -> usize {
        let close = Close::new(ClosedBy::Server, Some(code), reason);
        // Those who come are asked first: see there.
        let coming = self.registry.comers().send_away(&self.key, &Reach::default(), &[], &close);
        end_all(&self.registry.user(&self.key), &close, &coming)
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("User").field(&self.key).finish()
    }
}

/// Finds users on all channels of an app; from [`Channels::users`](crate::Channels::users), for the app to keep.
#[derive(Clone)]
pub struct Users {
    registry: Arc<Registry>,
}

impl Users {
    pub(crate) fn new(registry: &Arc<Registry>) -> Self {
        Self { registry: Arc::clone(registry) }
    }

    /// A user on all channels.
    pub fn user<N: UserName + ?Sized>(&self, user: &N) -> User {
        User::new(&self.registry, user)
    }
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Users").finish_non_exhaustive()
    }
}
