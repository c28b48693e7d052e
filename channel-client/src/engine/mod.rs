//! The connection as a state machine, without a socket, a clock or a task: it is told what happened and when, and says what to do.
//!
//! It promises that no text is given to a connection twice, that each request is settled once, and that nothing of it is left
//! behind.

mod backoff;
mod clock;
mod dial;
mod ending;
mod error;
mod frame;
mod inbound;
#[cfg(test)]
mod left;
mod liveness;
mod machine;
mod orders;
mod pace;
mod pending;
mod positions;
mod presence;
mod requests;
mod status;
mod tokens;
mod verdict;

#[cfg(test)]
pub(crate) use self::backoff::wait;
pub(crate) use self::clock::later;
pub use self::dial::Why;
#[cfg(test)]
pub(crate) use self::dial::offers;
pub use self::error::{Error, Unsent};
#[cfg(test)]
pub(crate) use self::left::Left;
pub(crate) use self::machine::Engine;
pub(crate) use self::orders::{Action, Asked, Greeting, News, Settings};
pub(crate) use self::pace::Pace;
pub(crate) use self::pending::{Outcome, Request};
pub use self::presence::{Presence, Present, Seen};
pub use self::status::{CloseBy, Ended, Fresh, Joined, Outdated, Status};
#[cfg(test)]
pub(crate) use self::verdict::Verdict;
