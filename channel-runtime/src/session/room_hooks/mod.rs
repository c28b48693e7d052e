//! Rooms as places: opened before the first comes in, closed when the last has left and nobody has come for a while.
//!
//! For channels that have `on_room_open`, `on_room_close` or a grace time; the rooms of all others know nothing of it. Each
//! opening has a [`Host`]: its hooks run in tasks of their own, once each, whoever comes and goes meanwhile. Whoever comes
//! while a room is closed has it opened anew, so that no two states of one room are alive at a time.

mod errand;
mod lifecycle;
pub(crate) mod places;

use std::sync::Arc;

use self::lifecycle::Found;
pub(crate) use self::lifecycle::{Steward, grace};
pub(crate) use self::places::Stay;
use crate::protocol::fault::Fault;
use crate::session::dispatch::Dispatch;
use crate::session::rejection::Rejection;

/// Comes to a room: it is open while the stay, or somebody in it, lasts. Where it is not, it is opened, and waited for.
///
/// # Errors
/// Where it can't be opened. Whoever comes next tries again.
pub(crate) async fn come<C: Dispatch>(steward: Arc<Steward<C>>) -> Result<Stay, Rejection> {
    loop {
        let (stay, mut opened) = match steward.find() {
            Found::Open(stay) => return Ok(stay),
            Found::Opening(stay, opened) => (stay, opened),
            Found::Closing(mut closed) => {
                // An error is what it waits for: nothing is ever told but the end.
                let _ = closed.changed().await;
                continue;
            }
        };
        let outcome = opened.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone());
        return match outcome {
            Some(Ok(())) => Ok(stay),
            Some(Err(refusal)) => Err(refusal),
            None => Err(Rejection::failed(Fault::internal("the opening of a room was dropped"))),
        };
    }
}
