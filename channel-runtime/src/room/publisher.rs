//! Who sends to a room, and is slowed if the room can't follow.

use std::sync::Arc;

use tokio::runtime::Handle;

use crate::connection::backpressure::{HubPace, Pace};
use crate::room::member::Connection;

/// Who sends to a room, and has a pace.
#[derive(Clone)]
pub(crate) enum Paced {
    Connection(Arc<Connection>),
    /// From outside, to this room.
    Hub(Arc<HubPace>),
}

impl Paced {
    fn pace(&self) -> &Pace {
        match self {
            Self::Connection(connection) => &connection.pace,
            Self::Hub(hub) => &hub.pace,
        }
    }

    pub fn is(&self, other: &Self) -> bool {
        std::ptr::eq(self.pace(), other.pace())
    }

    /// How far it may be ahead.
    pub fn mark(&self) -> usize {
        self.pace().mark()
    }

    /// Whether it is a client, and so perhaps a member of the room.
    pub fn is_client(&self) -> bool {
        matches!(self, Self::Connection(_))
    }

    /// Where its task runs. `None` outside a runtime, and for who sends from outside.
    pub fn runtime(&self) -> Option<&Handle> {
        match self {
            Self::Connection(connection) => connection.apart.runtime.as_ref(),
            Self::Hub(_) => None,
        }
    }

    pub fn advance(&self, bytes: usize) {
        match self {
            Self::Connection(connection) => connection.pace.advance(bytes),
            Self::Hub(hub) => hub.advance(bytes),
        }
    }

    /// The room has passed on so much of it; it goes on, if it has waited for that.
    pub fn catch_up(&self, bytes: usize) {
        match self {
            Self::Connection(connection) => {
                if connection.pace.catch_up(bytes) {
                    connection.outbox.tell_caught_up();
                }
            }
            Self::Hub(hub) => hub.catch_up(bytes),
        }
    }
}
