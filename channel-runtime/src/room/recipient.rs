//! What a room's frames are pushed to, as the flush queue and the tables of newest values see it.

use tokio::runtime::{Handle, Id};

use crate::connection::backpressure::SendBacklog;
use crate::connection::id::ConnectionId;
use crate::connection::outbox::Outbox;
use crate::connection::user_key::UserKey;
use crate::room::exclusions::Exclusions;
use crate::wire::deflate::Agreed;

/// A member of a room. A trait, because a room holds these beside its members, and members hold rooms.
pub(crate) trait Recipient {
    fn id(&self) -> ConnectionId;

    fn outbox(&self) -> &Outbox;

    fn backlog(&self) -> &SendBacklog;

    fn runtime(&self) -> Option<&Handle>;

    fn runtime_id(&self) -> Option<Id>;

    fn user(&self) -> Option<&UserKey>;

    fn deflate(&self) -> Option<Agreed>;

    #[inline]
    fn is_meant(&self, exclusions: &Exclusions) -> bool {
        exclusions.allows(self.id(), self.user())
    }
}
