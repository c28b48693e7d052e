//! The wall clock, by which tokens expire, and how to wait for a time on it with tokio's timers.
//!
//! The two drift apart when the wall clock is set, and while the machine is suspended, when timers stand still. While anything
//! waits, one task an app compares them, once a second, and has the waiters check again.

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use futures_util::future::{Either, select};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

const PERIOD: Duration = Duration::from_secs(1);

const TOLERANCE: Duration = Duration::from_millis(500);

#[derive(Default)]
pub(crate) struct Clock {
    /// How far a test has set the clock ahead, in milliseconds.
    ahead: AtomicU64,
    waiting: AtomicUsize,
    is_compared: AtomicBool,
    jumped: Notify,
}

impl Clock {
    pub fn now(&self) -> SystemTime {
        SystemTime::now() + Duration::from_millis(self.ahead.load(Ordering::Relaxed))
    }

    pub fn set_ahead(&self, ahead: Duration) {
        self.ahead.store(u64::try_from(ahead.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn ends_comparison(&self) -> bool {
        let is_idle = || self.waiting.load(Ordering::SeqCst) == 0;
        if !is_idle() {
            return false;
        }
        self.is_compared.store(false, Ordering::SeqCst);
        // A waiter that registered before the flag was cleared relies on the comparison.
        is_idle() || self.is_compared.swap(true, Ordering::SeqCst)
    }

    pub fn time_left(&self, end: SystemTime) -> Duration {
        end.duration_since(self.now()).unwrap_or_default()
    }
}

pub(crate) struct Waiting(Arc<Clock>);

impl Waiting {
    pub fn new(clock: &Arc<Clock>) -> Self {
        clock.waiting.fetch_add(1, Ordering::SeqCst);
        if !clock.is_compared.swap(true, Ordering::SeqCst) {
            tokio::spawn(Comparison { clock: Arc::clone(clock), has_ended: false }.run());
        }
        Self(Arc::clone(clock))
    }

    /// Waits until `end`, or until `due` if that is sooner: the timers do not go back.
    pub async fn until(&self, end: SystemTime, mut due: Instant) {
        let clock = &self.0;
        loop {
            // Made before the check, so that no jump between the two is missed.
            let jumped = pin!(clock.jumped.notified());
            let left = clock.time_left(end);
            if left.is_zero() {
                return;
            }
            due = Instant::now().checked_add(left).map_or(due, |by_wall| due.min(by_wall));
            if let Either::Left(_) = select(pin!(sleep_until(due)), jumped).await {
                return;
            }
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Waits for ever if `end` is `None`, or beyond the clock's range.
pub(crate) async fn until(clock: &Arc<Clock>, end: Option<SystemTime>) {
    let due = end.and_then(|end| Instant::now().checked_add(clock.time_left(end)));
    match end.zip(due) {
        Some((end, due)) => Waiting::new(clock).until(end, due).await,
        None => pending().await,
    }
}

/// If this is dropped with its runtime, the next waiter starts another.
struct Comparison {
    clock: Arc<Clock>,
    has_ended: bool,
}

impl Comparison {
    async fn run(mut self) {
        let clock = Arc::clone(&self.clock);
        while !clock.ends_comparison() {
            let (wall, timers) = (clock.now(), Instant::now());
            sleep(PERIOD).await;
            // A wall clock that was set back makes no waiter check sooner.
            let by_wall = clock.now().duration_since(wall).unwrap_or_default();
            if by_wall > timers.elapsed() + TOLERANCE {
                clock.jumped.notify_waiters();
            }
        }
        self.has_ended = true;
    }
}

impl Drop for Comparison {
    fn drop(&mut self) {
        if !self.has_ended {
            self.clock.is_compared.store(false, Ordering::SeqCst);
        }
    }
}
