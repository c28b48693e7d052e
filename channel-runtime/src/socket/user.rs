//! A user on all channels of an app: to count their connections, and to disconnect them.

use std::fmt;
use std::sync::Arc;

use crate::channel::identity::{UserName, key_of};
use crate::connection::user_key::UserKey;
use crate::room::class::Class;
use crate::room::delivery::disconnect_user;
use crate::room::exclusions::Exclusions;
use crate::room::outgoing::{Body, Sending, To};
use crate::socket::node::Node;
use crate::wire::close::{Close, CloseCode, ClosedBy};

/// A user on all channels of an app. Messages are sent through a channel's [`Hub::user`](crate::Hub::user).
#[derive(Clone)]
pub struct User {
    node: Arc<Node>,
    key: UserKey,
}

impl User {
    pub(crate) fn new<N: UserName + ?Sized>(node: &Arc<Node>, name: &N) -> Self {
        Self { node: Arc::clone(node), key: key_of(name) }
    }

    /// How many connections the user has now.
    pub fn len(&self) -> usize {
        self.node.registry.devices(&self.key)
    }

    /// Whether the user has no connection.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Closes each connection of the user, after what was sent to it before, and returns how many. Pending connections end too, at
    /// once and without a hook: those whose handshake is at `authorize`, and those that are accepted and have not joined their room
    /// yet.
    ///
    /// A handshake whose extractors still run is refused once they return this user, and is not counted. So first make it
    /// impossible for the user to log in, then call this: no connection that was accepted by the former rights remains.
    ///
    /// In channels with presence the user is out at once, also where its connection was lost a moment ago. For that a code after which
    /// clients do not come back costs a look at each room that is open in such a channel, and the lock of those where somebody was lost.
    pub fn disconnect(&self, code: CloseCode, reason: &str) -> usize {
        let close = Close::new(ClosedBy::Server, Some(code), reason);
        let closed = self.disconnect_here(&close);
        if let Some(sending) = self.sending(&Exclusions::default()) {
            sending.leave(|| Body::Close(close));
        }
        closed
    }

    pub(crate) fn disconnect_here(&self, close: &Close) -> usize {
        disconnect_user(&self.node.registry, &self.key, close)
    }

    #[cfg(feature = "cluster")]
    pub(crate) fn node(&self) -> &Arc<Node> {
        &self.node
    }

    /// To the other nodes. `None` if no channel has users of this type: then no channel elsewhere has.
    pub(crate) fn sending<'a>(&'a self, exclusions: &'a Exclusions) -> Option<Sending<'a>> {
        let registry = &self.node.registry;
        let (channel, to) = (registry.channel_of(&self.key)?, To::User(&self.key));
        Some(Sending {
            channel,
            to,
            exclusions,
            class: Class::Reliable,
            newest: None,
            publisher: None,
            outgoing: registry.outgoing(),
        })
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("User").field(&self.key).finish()
    }
}

/// Finds users on all channels of an app, for the app to keep; from [`Channels::users`](crate::Channels::users).
#[derive(Clone)]
pub struct Users {
    node: Arc<Node>,
}

impl Users {
    pub(crate) fn new(node: &Arc<Node>) -> Self {
        Self { node: Arc::clone(node) }
    }

    /// A user on all channels.
    pub fn user<N: UserName + ?Sized>(&self, user: &N) -> User {
        User::new(&self.node, user)
    }
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Users").finish_non_exhaustive()
    }
}
