//! The shutdown of a server: it leaves its load balancer, a drain refuses new connections and closes open ones, an abort cancels
//! hooks and handlers.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::Notify;
use tokio::time::Instant;

#[derive(Default)]
pub(crate) struct Shutdown {
    /// Sessions that have begun and not ended, `on_close` included, and what else a server that stops waits for.
    sessions: AtomicUsize,
    sessions_ended: Notify,
    left_at: OnceLock<Instant>,
    is_draining: AtomicBool,
    drain_started: Notify,
    is_aborting: AtomicBool,
    abort_started: Notify,
}

impl Shutdown {
    pub fn sessions(&self) -> usize {
        self.sessions.load(Ordering::SeqCst)
    }

    pub fn begin_session(self: &Arc<Self>) -> SessionGuard {
        self.sessions.fetch_add(1, Ordering::SeqCst);
        SessionGuard(Arc::clone(self))
    }

    pub async fn sessions_ended(&self) {
        loop {
            // Made before the look, so that an end between the two is not missed.
            let ended = self.sessions_ended.notified();
            if self.sessions() == 0 {
                return;
            }
            ended.await;
        }
    }

    /// From now on the server is not ready for new clients, and still takes them. Returns when that began, which is once.
    pub fn leave(&self) -> Instant {
        *self.left_at.get_or_init(Instant::now)
    }

    pub fn has_left(&self) -> bool {
        self.left_at.get().is_some() || self.is_draining()
    }

    pub fn start_drain(&self) {
        self.is_draining.store(true, Ordering::SeqCst);
        self.drain_started.notify_waiters();
    }

    pub fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::SeqCst)
    }

    /// Ready when a drain starts; never, if it started before this was called.
    pub fn drain_started(&self) -> impl Future<Output = ()> {
        self.drain_started.notified()
    }

    pub fn start_abort(&self) {
        self.is_aborting.store(true, Ordering::Release);
        self.abort_started.notify_waiters();
    }

    pub async fn abort_started(&self) {
        let started = self.abort_started.notified();
        if !self.is_aborting.load(Ordering::Acquire) {
            started.await;
        }
    }
}

pub(crate) struct SessionGuard(Arc<Shutdown>);

impl Drop for SessionGuard {
    fn drop(&mut self) {
        if self.0.sessions.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.sessions_ended.notify_waiters();
        }
    }
}
