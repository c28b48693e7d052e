//! How a room that hooks open is opened from outside.

use std::any::TypeId;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::protocol::fault::Fault;

/// Keeps a room open until it is dropped.
pub(crate) type RoomHold = Box<dyn Send>;

pub(crate) type Opening = Pin<Box<dyn Future<Output = Result<RoomHold, Fault>> + Send>>;

/// Opens rooms as a client does that enters them.
pub(crate) trait OpenRooms: Send + Sync {
    /// `None` if no hook opens the rooms of this channel.
    fn open(&self, channel: TypeId, room: &Arc<str>) -> Option<Opening>;
}
