//! Who sends to a room, and is slowed if the room can't follow.

use std::sync::Arc;

use tokio::runtime::Handle;

use crate::connection::backpressure::{HubBacklog, SendBacklog};
use crate::room::recipient::Recipient;

/// Who sends to a room, and has a pace.
pub(crate) enum Publisher<M> {
    Member(Arc<M>),
    /// From outside, to this room.
    Hub(Arc<HubBacklog>),
}

impl<M: Recipient> Publisher<M> {
    fn backlog(&self) -> &SendBacklog {
        match self {
            Self::Member(member) => member.backlog(),
            Self::Hub(hub) => &hub.backlog,
        }
    }

    pub fn is(&self, other: &Self) -> bool {
        std::ptr::eq(self.backlog(), other.backlog())
    }

    /// How far it may be ahead.
    pub fn mark(&self) -> usize {
        self.backlog().mark()
    }

    /// Whether it is a client, and so perhaps a member of the room.
    pub fn is_client(&self) -> bool {
        matches!(self, Self::Member(_))
    }

    /// Where its task runs. `None` outside a runtime, and for who sends from outside.
    pub fn runtime(&self) -> Option<&Handle> {
        match self {
            Self::Member(member) => member.runtime(),
            Self::Hub(_) => None,
        }
    }

    pub fn advance(&self, bytes: usize) {
        match self {
            Self::Member(member) => member.backlog().advance(bytes),
            Self::Hub(hub) => hub.advance(bytes),
        }
    }

    /// The room has passed on so much of it; it goes on, if it has waited for that.
    pub fn catch_up(&self, bytes: usize) {
        match self {
            Self::Member(member) => {
                if member.backlog().catch_up(bytes) {
                    member.outbox().tell_caught_up();
                }
            }
            Self::Hub(hub) => hub.catch_up(bytes),
        }
    }
}

impl<M> Clone for Publisher<M> {
    fn clone(&self) -> Self {
        match self {
            Self::Member(member) => Self::Member(Arc::clone(member)),
            Self::Hub(hub) => Self::Hub(Arc::clone(hub)),
        }
    }
}

/// What a sender is ahead of a room.
pub(crate) struct Charge<M> {
    pub sender: Publisher<M>,
    /// As how many bytes it counts.
    charged: usize,
    /// How many bytes it is.
    pub bytes: usize,
}

impl<M: Recipient> Charge<M> {
    pub fn new(sender: &Publisher<M>, charged: usize, bytes: usize) -> Self {
        sender.advance(charged);
        Self { sender: sender.clone(), charged, bytes }
    }

    /// It has sent more.
    pub fn add(&mut self, more: Self) {
        self.charged += more.charged;
        self.bytes += more.bytes;
    }

    /// The room has passed it on.
    pub fn release(self) {
        self.sender.catch_up(self.charged);
    }
}
