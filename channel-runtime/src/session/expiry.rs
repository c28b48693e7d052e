//! The end of what a client was let in with: it is told some time before, and closed when it comes, by the clock on the wall or by
//! the timers, whichever says so first.
//!
//! A connection that has no end has nothing of this: the timer is a task of its own, of those connections alone that have
//! one, and what they pay for is not on the way of any message.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::connection::outbox::{Enqueued, Sender};
use crate::room::member::Member;
use crate::socket::clock::{Clock, Waiting};
use crate::wire::close::{Close, CloseCode, ClosedBy};
use crate::wire::frame::{Opcode, frame};

/// Waits for the end of a connection's authority, until it is dropped.
pub(crate) struct Expiry(AbortHandle);

impl Expiry {
    /// Warns so long before the end, or when a fifth of the time is left. Nothing where there is no end, or one that is
    /// further away than any clock goes.
    pub fn watch(
        end: Option<SystemTime>,
        clock: &Arc<Clock>,
        connection: &Arc<Member>,
        warning: Duration,
    ) -> Option<Self> {
        let end = end?;
        let left = clock.time_left(end);
        let due = Instant::now().checked_add(left)?;
        let warning = warning.min(left / 5);
        let (waiting, clock, connection) = (Waiting::new(clock), Arc::clone(clock), Arc::clone(connection));
        let task = tokio::spawn(async move {
            waiting.until(end - warning, due - warning).await;
            warn(&connection, warning.min(clock.time_left(end)));
            waiting.until(end, due).await;
            connection.outbox().close(expired());
        });
        Some(Self(task.abort_handle()))
    }
}

impl Drop for Expiry {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// How a connection ends whose authority has.
pub(crate) fn expired() -> Close {
    Close::new(ClosedBy::Expired, CloseCode::UNAUTHORIZED, "the authority has expired")
}

fn warn(connection: &Member, left: Duration) {
    let json = format!(r#"{{"type":"$auth_expiring","in_ms":{}}}"#, left.as_millis());
    // As a ping: its own, so that a long `on_connect` does not hold it back. Refused only when the connection ends.
    if connection.outbox().push(frame(Opcode::Text, json.as_bytes()), Sender::Own) == Enqueued::MustFlush {
        connection.outbox().flush();
    }
}
