//! How a server stops: whom it waits for, and what it tells those who are here.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::room::registry::Registry;

/// The longest time between the closes of two connections when the server drains.
const LONGEST_STEP: Duration = Duration::from_millis(1);

#[derive(Default)]
pub(crate) struct Stop {
    /// Sessions that have begun and not ended, `on_close` included, and what else a server that stops waits for.
    sessions: AtomicUsize,
    sessions_ended: Notify,
    stopping: AtomicBool,
    stops: Notify,
    given_up: AtomicBool,
    gives_up: Notify,
}

impl Stop {
    /// How many sessions there are.
    pub fn sessions(&self) -> usize {
        self.sessions.load(Ordering::SeqCst)
    }
}

/// A session that has begun and not ended, whether or not it is still a member of anything.
pub(crate) struct SessionGuard(Arc<Registry>);

impl Registry {
    /// Counts a session until the guard is dropped.
    pub fn begin_session(self: &Arc<Self>) -> SessionGuard {
        self.stop.sessions.fetch_add(1, Ordering::SeqCst);
        SessionGuard(Arc::clone(self))
    }

    /// Waits until every session has ended, its `on_close` included.
    pub async fn sessions_ended(&self) {
        loop {
            // Made before the look, so that an end between the two is not missed.
            let ended = self.stop.sessions_ended.notified();
            if self.stop.sessions.load(Ordering::SeqCst) == 0 {
                return;
            }
            ended.await;
        }
    }

    /// Whether the server stops: newcomers are refused.
    pub fn is_stopping(&self) -> bool {
        self.stop.stopping.load(Ordering::SeqCst)
    }

    /// Refuses newcomers from now on.
    pub fn close_door(&self) {
        self.stop.stopping.store(true, Ordering::SeqCst);
        self.stop.stops.notify_waiters();
    }

    /// Ready when the server stops; not where it stopped before this was called.
    pub fn stops(&self) -> impl Future<Output = ()> {
        self.stop.stops.notified()
    }

    /// Tells every connection that the server goes away, one after the other over this time, but no longer than
    /// [`LONGEST_STEP`] for each. The door is closed.
    pub async fn send_away(&self, window: Duration) {
        let connections: Vec<_> = self.connections().collect();
        let window = window.min(LONGEST_STEP.saturating_mul(u32::try_from(connections.len()).unwrap_or(u32::MAX)));
        let begun = Instant::now();
        for (at, connection) in connections.iter().enumerate() {
            let due = begun + window.mul_f64(at as f64 / connections.len() as f64);
            // A timer's own precision is a millisecond: what is due within it goes at once.
            if due > Instant::now() + LONGEST_STEP {
                sleep_until(due).await;
            }
            connection.outbox.send_away();
        }
    }

    /// Gives up waiting for hooks and handlers that still run.
    pub fn give_up(&self) {
        self.stop.given_up.store(true, Ordering::Release);
        self.stop.gives_up.notify_waiters();
    }

    /// Waits until the server has given up waiting for hooks and handlers.
    pub async fn has_given_up(&self) {
        // Made before the look, so that it is not missed between the two.
        let gives_up = self.stop.gives_up.notified();
        if !self.stop.given_up.load(Ordering::Acquire) {
            gives_up.await;
        }
    }
}

impl Drop for SessionGuard {
    fn drop(&mut self) {
        if self.0.stop.sessions.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.stop.sessions_ended.notify_waiters();
        }
    }
}
