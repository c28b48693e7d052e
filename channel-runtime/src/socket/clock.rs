//! The clock on the wall, which says when an authority ends, beside the clock of the timers, which says how long to wait.
//!
//! The two part when the wall's is set, and when the machine is suspended, in which timers stand still. While somebody waits for a
//! time on the wall one task an app compares them, once a second, and has those who wait look again.

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use futures_util::future::{Either, select};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

use crate::room::registry::Registry;

/// How often the two are compared.
const PERIOD: Duration = Duration::from_secs(1);

/// How far they may part before those who wait look again.
const TOLERANCE: Duration = Duration::from_millis(500);

#[derive(Default)]
pub(crate) struct Clock {
    /// How far a test has set it ahead of the system's, in milliseconds.
    ahead: AtomicU64,
    /// How many wait for a time on it.
    waiting: AtomicUsize,
    /// A task compares it with the timers'.
    is_compared: AtomicBool,
    /// Told when it has gone ahead of the timers.
    jumped: Notify,
}

impl Clock {
    pub fn now(&self) -> SystemTime {
        SystemTime::now() + Duration::from_millis(self.ahead.load(Ordering::Relaxed))
    }

    /// Sets it ahead of the system's, for a test.
    pub fn set_ahead(&self, ahead: Duration) {
        self.ahead.store(u64::try_from(ahead.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Whether nobody waits any more, and it is compared no longer.
    fn ends_comparison(&self) -> bool {
        let is_idle = || self.waiting.load(Ordering::SeqCst) == 0;
        if !is_idle() {
            return false;
        }
        self.is_compared.store(false, Ordering::SeqCst);
        // Who came before it was said to be over has relied on it.
        is_idle() || self.is_compared.swap(true, Ordering::SeqCst)
    }

    /// How long it is to this time; nothing once it has come.
    pub fn time_left(&self, end: SystemTime) -> Duration {
        end.duration_since(self.now()).unwrap_or_default()
    }
}

/// One who waits for a time on the wall, until dropped.
pub(crate) struct Waiting(Arc<Registry>);

impl Waiting {
    pub fn new(registry: &Arc<Registry>) -> Self {
        let clock = registry.clock();
        clock.waiting.fetch_add(1, Ordering::SeqCst);
        if !clock.is_compared.swap(true, Ordering::SeqCst) {
            tokio::spawn(Comparison { registry: Arc::clone(registry), has_ended: false }.run());
        }
        Self(Arc::clone(registry))
    }

    /// Waits until this time, or, where that is sooner, until the timers say so, which do not go back.
    pub async fn until(&self, end: SystemTime, mut due: Instant) {
        let clock = self.0.clock();
        loop {
            // Made before the look, so that it is not missed between the two.
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
        self.0.clock().waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Waits until this time; for ever, where there is none, or one that is further away than any clock goes.
pub(crate) async fn until(registry: &Arc<Registry>, end: Option<SystemTime>) {
    let due = end.and_then(|end| Instant::now().checked_add(registry.clock().time_left(end)));
    match end.zip(due) {
        Some((end, due)) => Waiting::new(registry).until(end, due).await,
        None => pending().await,
    }
}

/// The task that compares the clocks while anybody waits; dropped with its runtime, it leaves that to whoever comes next.
struct Comparison {
    registry: Arc<Registry>,
    has_ended: bool,
}

impl Comparison {
    async fn run(mut self) {
        let registry = Arc::clone(&self.registry);
        let clock = registry.clock();
        while !clock.ends_comparison() {
            let (wall, timers) = (clock.now(), Instant::now());
            sleep(PERIOD).await;
            // Where the wall's was set back, nobody has to look sooner.
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
            self.registry.clock().is_compared.store(false, Ordering::SeqCst);
        }
    }
}
