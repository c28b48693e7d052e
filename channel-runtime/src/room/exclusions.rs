//! Exclusions: which connections of a target get no frame, and which connection is sending.

use crate::connection::id::ConnectionId;
use crate::connection::user_key::UserKey;

#[derive(Clone, Debug, Default)]
pub(crate) struct Exclusions {
    pub sender: Option<ConnectionId>,
    pub except: Vec<ConnectionId>,
    pub except_users: Vec<UserKey>,
    pub only_user: Option<UserKey>,
    except_sender: bool,
}

impl Exclusions {
    pub fn from(sender: ConnectionId) -> Self {
        Self { sender: Some(sender), ..Self::default() }
    }

    pub fn others(sender: ConnectionId) -> Self {
        Self { except_sender: true, ..Self::from(sender) }
    }

    #[inline]
    pub fn allows(&self, id: ConnectionId, user: Option<&UserKey>) -> bool {
        let is_sender = self.except_sender && self.sender == Some(id);
        let is_other = self.only_user.as_ref().is_some_and(|only| user != Some(only));
        let is_user = user.is_some_and(|user| self.except_users.contains(user));
        !(is_sender || is_other || is_user || self.except.contains(&id))
    }

    pub fn narrow(&mut self, user: UserKey) {
        let other = self.only_user.replace(user).filter(|other| Some(other) != self.only_user.as_ref());
        self.except_users.extend(self.only_user.clone().filter(|_| other.is_some()));
    }

    /// The connections that get nothing, each once or twice.
    pub fn excluded(&self) -> impl Iterator<Item = ConnectionId> {
        let sender = self.sender.filter(|_| self.except_sender);
        sender.into_iter().chain(self.except.iter().copied())
    }

    /// Whether other nodes have to know of it. Who sends is on this node.
    #[cfg(feature = "cluster")]
    pub fn crosses(&self) -> bool {
        !self.except.is_empty() || !self.except_users.is_empty() || self.only_user.is_some()
    }

    pub fn is_empty(&self) -> bool {
        !self.except_sender && self.except.is_empty() && self.except_users.is_empty() && self.only_user.is_none()
    }
}
