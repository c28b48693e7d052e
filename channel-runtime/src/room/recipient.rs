//! What a room's frames are pushed to, as the flush queue sees it.

use tokio::runtime::{Handle, Id};

use crate::connection::backpressure::SendBacklog;
use crate::connection::id::ConnectionId;
use crate::connection::outbox::Outbox;

/// A member of a room. A trait, because the members' list holds the queue and members hold rooms.
pub(crate) trait Recipient {
    fn id(&self) -> ConnectionId;

    fn outbox(&self) -> &Outbox;

    fn backlog(&self) -> &SendBacklog;

    fn runtime(&self) -> Option<&Handle>;

    fn runtime_id(&self) -> Option<Id>;
}
