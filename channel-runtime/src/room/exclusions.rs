//! Who of an audience is meant, and handing a frame to them.

use std::sync::Arc;

use crate::connection::id::ConnectionId;
use crate::connection::outbox::{Pushed, Sender};
use crate::connection::user_key::UserKey;
use crate::room::member::Connection;
use crate::room::sent::Sent;
use crate::wire::deflate::PreparedFrame;

/// Who of a target is meant, and who is sending.
#[derive(Clone, Default)]
pub(crate) struct Mask {
    pub sender: Option<ConnectionId>,
    pub except: Vec<ConnectionId>,
    pub except_users: Vec<UserKey>,
    /// Nobody but this user.
    pub only_user: Option<UserKey>,
    except_sender: bool,
}

impl Mask {
    pub fn from(sender: ConnectionId) -> Self {
        Self { sender: Some(sender), ..Self::default() }
    }

    pub fn others(sender: ConnectionId) -> Self {
        Self { except_sender: true, ..Self::from(sender) }
    }

    pub fn admits(&self, connection: &Connection) -> bool {
        let is_sender = self.except_sender && self.sender == Some(connection.id);
        let is_other = self.only_user.as_ref().is_some_and(|only| connection.user.as_ref() != Some(only));
        let is_user = connection.user.as_ref().is_some_and(|user| self.except_users.contains(user));
        !(is_sender || is_other || is_user || self.except.contains(&connection.id))
    }

    /// Nobody but this user, of those that are meant.
    pub fn narrow(&mut self, user: UserKey) {
        // Of two there is nobody who is both.
        let other = self.only_user.replace(user).filter(|other| Some(other) != self.only_user.as_ref());
        self.except_users.extend(self.only_user.clone().filter(|_| other.is_some()));
    }

    /// Whether everybody is meant.
    pub fn is_open(&self) -> bool {
        !self.except_sender && self.except.is_empty() && self.except_users.is_empty() && self.only_user.is_none()
    }

    /// Hands the frame to those, each with its serial number, that both this and `admits` let through; `told` sees to it that what was
    /// promised is written.
    pub fn deliver<'a>(
        &self,
        connections: impl Iterator<Item = (u64, &'a Arc<Connection>)>,
        frame: &PreparedFrame,
        mut admits: impl FnMut(&Connection) -> bool,
        mut told: impl FnMut(&Arc<Connection>, Pushed),
    ) -> Sent {
        let mut sent = Sent::default();
        let (is_open, sender) = (self.is_open(), self.sender.map(ConnectionId::serial));
        for (serial, connection) in connections {
            if (is_open || self.admits(connection)) && admits(connection) {
                let own = sender == Some(serial);
                let frame = frame.of(connection.deflate);
                let pushed = connection.outbox.push(frame.clone(), if own { Sender::Own } else { Sender::Others });
                told(connection, pushed);
                sent.count(pushed != Pushed::Refused);
            }
        }
        sent
    }
}
