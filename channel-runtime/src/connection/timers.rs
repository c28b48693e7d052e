//! A connection's timers: notices that are put into its inbox later, at most one of each type.

use std::any::{Any, TypeId};
use std::future::Future;
use std::pin::Pin;
use std::task::Context;

use parking_lot::Mutex;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::connection::contained::Contained;

pub(super) struct Timer {
    pub due: Instant,
    /// Of the notice.
    pub kind: TypeId,
    /// Of the channel and the handler.
    pub names: (&'static str, &'static str),
    pub content: Contained<Box<dyn Any + Send>>,
}

/// What became of a timer. What it does not hold any more is dropped by the caller, under no lock: its destructor is the user's code.
pub(super) struct Started {
    /// The connection's task waits for a later one, or for none.
    pub must_wake: bool,
    pub dropped: Option<Timer>,
}

#[derive(Default)]
pub(super) struct Timers(Mutex<State>);

#[derive(Default)]
struct State {
    timers: Vec<Timer>,
    /// Until the first of them, or earlier. It is made and polled by the connection's own task, so that a timer needs no other one.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timers {
    /// In place of another one of its type. Checks under the lock that the connection is not closing, because it is closed before its
    /// timers are cleared.
    pub fn start(&self, timer: Timer, is_closing: impl FnOnce() -> bool) -> Started {
        let State { timers, sleep } = &mut *self.0.lock();
        if is_closing() {
            return Started { must_wake: false, dropped: Some(timer) };
        }
        let must_wake = sleep.as_ref().is_none_or(|sleep| timer.due < sleep.deadline());
        let dropped = match timers.iter_mut().find(|other| other.kind == timer.kind) {
            Some(other) => Some(std::mem::replace(other, timer)),
            None => {
                timers.push(timer);
                None
            }
        };
        Started { must_wake, dropped }
    }

    /// Those whose time has come, the first of them first, but not those whose notice before still `waits`: this task takes that one, and
    /// polls again. The task is woken for the next.
    pub fn poll(&self, cx: &mut Context<'_>, waits: impl Fn(TypeId) -> bool) -> Vec<Timer> {
        let State { timers, sleep } = &mut *self.0.lock();
        let mut due: Vec<Timer> = Vec::new();
        loop {
            let now = Instant::now();
            due.extend(timers.extract_if(.., |timer| timer.due <= now && !waits(timer.kind)));
            let Some(first) = timers.iter().map(|timer| timer.due).filter(|due| *due > now).min() else {
                *sleep = None;
                break;
            };
            let sleep = sleep.get_or_insert_with(|| Box::pin(sleep_until(first)));
            // One that was started again is due later than what is waited for: it is looked at then.
            if first < sleep.deadline() || sleep.is_elapsed() {
                sleep.as_mut().reset(first);
            }
            if sleep.as_mut().poll(cx).is_pending() {
                break;
            }
        }
        due.sort_by_key(|timer| timer.due);
        due
    }

    /// Called when the connection is closing, so that none is started any more. The caller drops them, under no lock.
    pub fn take(&self) -> Vec<Timer> {
        std::mem::take(&mut *self.0.lock()).timers
    }
}
