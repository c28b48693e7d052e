//! What the members of a room share, and who opens and closes a room.

use std::any::Any;
use std::sync::Arc;

use crate::connection::contained::Contained;

/// The state of a room, its type forgotten.
pub(crate) type State = Contained<Box<dyn Any + Send>>;

/// Who opens and closes a room: one for each opening.
pub(crate) trait RoomOwner: Send + Sync {
    /// A session in the room has ended, or one that waited for the room is in it: the room closes if it is empty.
    fn look(self: Arc<Self>);

    /// One that waited for the room is in it, or gone.
    fn arrived(self: Arc<Self>);
}

/// A state, its type forgotten.
pub(crate) fn state<S: Send + 'static>(state: S) -> State {
    Contained::new(Box::new(state))
}
