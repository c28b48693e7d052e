//! The expiry of a connection's authority: a warning, then the close, by the wall clock or the timers, whichever is first.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::connection::outbox::{Enqueued, Sender};
use crate::room::member::Member;
use crate::socket::clock::{Clock, Waiting};
use crate::wire::close::{Close, CloseCode, ClosedBy};
use crate::wire::frame::{Opcode, frame};

pub(crate) struct Expiry(AbortHandle);

impl Expiry {
    /// Warns `warning` before the end, or when a fifth of the time is left. `None` without an end that a timer can wait for.
    pub fn watch(
        end: Option<SystemTime>,
        clock: &Arc<Clock>,
        connection: &Arc<Member>,
        warning: Option<Duration>,
    ) -> Option<Self> {
        let end = end?;
        let left = clock.time_left(end);
        let due = Instant::now().checked_add(left)?;
        let warning = warning.map(|warning| warning.min(left / 5));
        let (waiting, clock, connection) = (Waiting::new(clock), Arc::clone(clock), Arc::clone(connection));
        let task = tokio::spawn(async move {
            if let Some(warning) = warning {
                waiting.until(end - warning, due - warning).await;
                warn(&connection, warning.min(clock.time_left(end)));
            }
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

pub(crate) fn expired() -> Close {
    Close::new(ClosedBy::Expired, CloseCode::UNAUTHORIZED, "the authority has expired")
}

fn warn(connection: &Member, left: Duration) {
    let json = format!(r#"{{"type":"$auth_expiring","in_ms":{}}}"#, left.as_millis());
    // Sent as the connection's own, so that a long `on_connect` does not hold it back. Refused only if the connection ends.
    if connection.outbox().push(frame(Opcode::Text, json.as_bytes()), Sender::Own) == Enqueued::MustFlush {
        connection.outbox().flush();
    }
}
