//! Room hooks: `on_room_open` and `on_room_close`, and the grace time of an empty room.
//!
//! Each opening is one [`RoomLifecycle`], whose hooks run once each, in tasks of their own. A connection that enters while the room
//! is being closed waits and opens it anew: no two states of one room exist at a time.

pub(crate) mod hooked_room;
mod lifecycle;

use std::sync::Arc;

pub(crate) use self::hooked_room::EntryHold;
use self::lifecycle::Found;
pub(crate) use self::lifecycle::{RoomLifecycle, grace};
use crate::protocol::fault::Fault;
use crate::session::dispatch::Dispatch;
use crate::session::rejection::Rejection;

/// The room stays open while the hold or a session in it lasts. If it can't be opened, the next that enters tries again.
pub(crate) async fn enter<C: Dispatch>(lifecycle: Arc<RoomLifecycle<C>>) -> Result<EntryHold, Rejection> {
    loop {
        let (hold, mut opened) = match lifecycle.find_or_open() {
            Found::Open(hold) => return Ok(hold),
            Found::Opening(hold, opened) => (hold, opened),
            Found::Closing(mut closed) => {
                // Nothing is ever sent: this waits for the channel's end.
                let _ = closed.changed().await;
                continue;
            }
        };
        let outcome = opened.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone());
        return match outcome {
            Some(Ok(())) => Ok(hold),
            Some(Err(rejection)) => Err(rejection),
            None => Err(Rejection::failed::<C>(Fault::internal("the opening of a room was dropped"))),
        };
    }
}
