//! The sender of a room's frames, and what it is charged for those that the room has not written yet.

use std::sync::Arc;

use tokio::runtime::Handle;

use crate::connection::backpressure::{HubBacklog, SendBacklog};
use crate::room::recipient::Recipient;

pub(crate) enum Publisher<M> {
    Member(Arc<M>),
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

    pub fn mark(&self) -> usize {
        self.backlog().mark()
    }

    pub fn is_client(&self) -> bool {
        matches!(self, Self::Member(_))
    }

    /// `None` for hubs, and outside a runtime.
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

    pub fn catch_up(&self, bytes: usize) {
        match self {
            Self::Member(member) => {
                if member.backlog().catch_up(bytes) {
                    member.outbox().notify_caught_up();
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

pub(crate) struct Charge<M> {
    pub sender: Publisher<M>,
    charged: usize,
    pub bytes: usize,
}

impl<M: Recipient> Charge<M> {
    pub fn new(sender: &Publisher<M>, charged: usize, bytes: usize) -> Self {
        sender.advance(charged);
        Self { sender: sender.clone(), charged, bytes }
    }

    pub fn add(&mut self, more: Self) {
        self.charged += more.charged;
        self.bytes += more.bytes;
    }

    pub fn release(self) {
        self.sender.catch_up(self.charged);
    }
}
