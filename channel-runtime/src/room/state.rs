//! What the members of a room share, and who opens and closes a room.

use std::any::Any;
use std::sync::Arc;

use crate::connection::contained::Contained;

pub(crate) type State = Contained<Box<dyn Any + Send>>;

pub(crate) trait RoomOwner: Send + Sync {
    /// The last session in the room has ended, or a connection that had entered is gone. If the room is empty, it closes.
    fn on_maybe_empty(self: Arc<Self>);

    fn on_entered(self: Arc<Self>);

    /// Its history keeps it no more. Called under no lock.
    fn on_given_up(self: Arc<Self>);
}

pub(crate) fn state<S: Send + 'static>(state: S) -> State {
    Contained::new(Box::new(state))
}
