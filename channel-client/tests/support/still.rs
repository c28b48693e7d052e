//! A clock that the test moves, over real sockets: time stands still until everything that is under way has happened, so that a busy
//! machine is no later than an idle one.

// Each test program uses a part.
#![allow(dead_code)]

use std::sync::mpsc;
use std::time::{Duration, Instant as Real};

use tokio::task::yield_now;
use tokio::time::{Instant, advance};

/// What takes longer will never happen.
const LONG: Duration = Duration::from_secs(120);

const MS: Duration = Duration::from_millis(1);

/// Of a runtime that is paused and has one thread. A paused clock runs ahead when nothing but sockets has work; not while this is held.
pub struct Still {
    _held: mpsc::Sender<()>,
}

impl Still {
    pub fn new() -> Self {
        let (held, released) = mpsc::channel::<()>();
        // By the documentation of `tokio::time::pause`, no time passes during a blocking task.
        tokio::task::spawn_blocking(move || released.recv());
        Self { _held: held }
    }

    /// Lets the sockets work, and the clock stand, until this holds.
    pub async fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let (stands, begun) = (Instant::now(), Real::now());
        while !holds() {
            assert!(begun.elapsed() < LONG, "still not: {what}");
            yield_now().await;
        }
        assert_eq!(stands, Instant::now(), "the clock has moved");
    }

    /// Moves the clock, a millisecond at a time, each when nothing is under way any more.
    pub async fn pass(&self, time: Duration, mut is_calm: impl FnMut() -> bool) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.step(&mut is_calm).await;
        }
    }

    /// Moves the clock by a millisecond, and lets happen what is due then.
    pub async fn step(&self, is_calm: impl FnMut() -> bool) {
        advance(MS).await;
        self.until("what was due has happened", is_calm).await;
    }
}
