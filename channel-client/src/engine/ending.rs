//! The end of a connection, and what follows from it.

use std::time::Duration;

use tokio::time::Instant;

use super::backoff::wait;
use super::clock::later;
use super::error::{Error, Unsent};
use super::frame::Retry;
use super::machine::{Engine, Timers};
use super::orders::{Action, News};
use super::status::{CloseBy, Ended, Outdated, Status};
use super::verdict::Verdict;

/// So many of a user's newest messages does the server recognize when they are sent again.
const RECOGNIZED: usize = 64;

impl Engine {
    /// The handshake was answered with this HTTP status.
    pub fn refused(&mut self, status: u16, reason: &str, retry_after: Option<Duration>, now: Instant) {
        self.after = retry_after.unwrap_or_default();
        self.ended(1006, reason, Some(status), now);
    }

    /// The connection has ended, or there was none.
    pub fn ended(&mut self, code: u16, reason: &str, status: Option<u16>, now: Instant) {
        self.timers = Timers::default();
        (self.is_dialing, self.is_connected, self.awaits_token) = (false, false, false);
        self.behind_greeting = None;
        let fault = self.fault.take();
        if let Some(fault) = &fault {
            self.come_back(Retry::of_fault(fault));
        }
        let kept = if self.recognizes { RECOGNIZED } else { 0 };
        for taken in self.pending.take_sent(kept) {
            self.settled(&taken, now);
            taken.settle(Err(Error::Lost));
        }
        if let Some(path) = self.moves_to.take() {
            let last = Ended { code, reason: reason.to_owned(), fault, status };
            return self.move_on(path, last, now);
        }
        let verdict = match status {
            Some(status) => Verdict::of_status(status),
            None => Verdict::of_close(code, fault.as_ref()),
        };
        let last = Ended { code, reason: reason.to_owned(), fault, status };
        match verdict {
            Verdict::Idle => {
                self.attempt = 0;
                if !self.pending.is_empty() {
                    return self.dial(now);
                }
                self.set(Status::Idle);
            }
            Verdict::Token => {
                if !self.settings.asks_for_tokens {
                    return self.end(CloseBy::Server, Some(last));
                }
                self.token = None;
                if self.refused.is_some() {
                    return self.end(CloseBy::Server, Some(last));
                }
                self.refused = Some(last);
                self.dial(now);
            }
            Verdict::Final => {
                self.end(CloseBy::Server, Some(last));
                if code == 4426 || status == Some(426) {
                    self.tell(News::Outdated(Outdated::Breaks));
                }
            }
            Verdict::Soon => self.retry(false, last, now),
            Verdict::Slow => self.retry(true, last, now),
        }
    }

    /// To another room. What was asked was asked in the room before.
    fn move_on(&mut self, path: String, last: Ended, now: Instant) {
        for taken in self.pending.take_all() {
            self.settled(&taken, now);
            taken.lost_or(Unsent::Moved.into());
        }
        self.positions.move_on();
        self.path = Some(path.clone());
        self.tell(News::Moved(path));
        if self.attempt > 0 {
            return self.retry(false, last, now);
        }
        // It was let in before, and is expected.
        let random = (self.settings.random)();
        self.wait(self.after.saturating_add(self.window.mul_f64(random.clamp(0.0, 1.0))), last, now);
    }

    fn retry(&mut self, is_slow: bool, last: Ended, now: Instant) {
        let waits = wait(self.attempt, is_slow, (self.settings.random)(), self.after, self.window);
        self.wait(waits, last, now);
    }

    fn wait(&mut self, waits: Duration, last: Ended, now: Instant) {
        self.attempt = self.attempt.saturating_add(1);
        self.not_before = Some(later(now, self.after));
        self.wait_until(later(now, waits), last);
    }

    pub(super) fn wait_until(&mut self, until: Instant, last: Ended) {
        self.timers.next = Some(until);
        self.set(Status::Waiting { attempt: self.attempt, until, last });
    }

    /// Whether the present connection is to be closed: nothing that it has received since is of any meaning.
    pub fn is_dropping(&self) -> bool {
        self.actions.iter().any(|action| matches!(action, Action::Close { .. }))
    }

    pub(super) fn lost(&mut self, reason: &str, now: Instant) {
        self.drop_connection(reason, true);
        self.ended(1006, reason, None, now);
    }

    pub(super) fn end(&mut self, by: CloseBy, last: Option<Ended>) {
        self.timers = Timers::default();
        let fault = last.as_ref().and_then(|last| last.fault.clone());
        self.set(Status::Closed { by, last });
        for taken in self.pending.take_all() {
            taken.lost_or(fault.clone().map_or(Error::Closed, Error::Fault));
        }
    }
}
