//! Answers that a connection owes its client when its handlers are done: those that were deferred, and those of batches.
//!
//! A connection that would end meanwhile, because the server stops or its client has ended its own half of the stream, ends when
//! they have been given, or after [`shutdown_timeout`](crate::Config::shutdown_timeout).

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::room::member::Connection;
use crate::session::driver::Link;

/// How often it is tried whether a client that says nothing more is there at all.
const PROBE: Duration = Duration::from_secs(1);

/// How many answers are owed. The highest bit is set once the connection's own task waits for them.
#[derive(Default)]
pub(crate) struct Owed(AtomicU32);

const AWAITED: u32 = 1 << 31;

impl Owed {
    /// Whether any is owed: then the connection's task is woken when none is any more.
    pub fn is_any(&self) -> bool {
        self.0.fetch_or(AWAITED, Ordering::AcqRel) & !AWAITED > 0
    }
}

/// One answer that is owed, until it is dropped.
pub(crate) struct OwedAnswer(Arc<Connection>);

impl OwedAnswer {
    pub fn of(connection: &Arc<Connection>) -> Self {
        connection.owed.0.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(connection))
    }
}

impl Drop for OwedAnswer {
    fn drop(&mut self) {
        if self.0.owed.0.fetch_sub(1, Ordering::AcqRel) == AWAITED | 1 {
            self.0.outbox.wake_owner();
        }
    }
}

/// Waits until no answer is owed any more, or nobody would hear it.
pub(crate) async fn answered(link: &mut Link) {
    let (registry, patience) = (Arc::clone(link.registry()), link.config().shutdown_timeout);
    let mut given_up = pin!(timeout(patience, registry.has_given_up()));
    let mut probes = interval(PROBE);
    probes.set_missed_tick_behavior(MissedTickBehavior::Delay);
    poll_fn(|cx| {
        // A process that was killed looks as one that has ended its half alone, until it is written to.
        while probes.poll_tick(cx).is_ready() {
            link.probe();
        }
        // Before the look: whoever gives the last answer finds a task to wake.
        link.poll_io(cx);
        if !link.owes_answers() {
            return Poll::Ready(());
        }
        // Whether the server gave up or this has taken too long, it is over.
        given_up.as_mut().poll(cx).map(drop)
    })
    .await;
}
