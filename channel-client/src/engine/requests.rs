//! What the program sends.

use bytes::Bytes;
use channel_runtime::Fault;
use tokio::time::Instant;

use super::error::{Error, Unsent};
use super::frame;
use super::machine::Engine;
use super::pace::Pace;
use super::pending::{Outcome, Request, Taken};
use super::status::Status;

impl Engine {
    /// The `ref` of the next request: they count up over all connections, so that a late answer fits nothing.
    pub fn next_ref(&mut self) -> i64 {
        self.last_ref += 1;
        self.last_ref
    }

    /// Sends as soon as there is a connection and its rate allows it. The answer is sent to `request.reply`, also why there is none.
    pub fn request(&mut self, reference: i64, request: Request, now: Instant) {
        if let Err(error) = self.admit(&request) {
            _ = request.reply.send(Err(error));
            return;
        }
        self.pending.wait(reference, request);
        self.flush(now);
        self.need(now);
    }

    fn admit(&self, request: &Request) -> Result<(), Error> {
        if self.is_closed() {
            return Err(Error::Closed);
        }
        self.check_length(request.text.len())?;
        if !self.pending.has_room(self.settings.queue, request.text.len()) {
            return Err(Unsent::TooMany.into());
        }
        Ok(())
    }

    fn check_length(&self, bytes: usize) -> Result<(), Unsent> {
        match self.most {
            Some(most) if bytes > most => Err(Unsent::TooLong { most }),
            _ => Ok(()),
        }
    }

    /// Whether it was sent, which it is now or not at all.
    pub fn send(&mut self, text: String, pace: Option<(usize, Pace)>, now: Instant) -> bool {
        let is_sent = self.may_send(text.len(), pace, now);
        if is_sent {
            self.say(text);
        }
        is_sent
    }

    /// As [`send`](Self::send).
    pub fn send_bytes(&mut self, bytes: Bytes, pace: Option<(usize, Pace)>, now: Instant) -> bool {
        let is_sent = self.may_send(bytes.len(), pace, now);
        if is_sent {
            self.say_bytes(bytes);
        }
        is_sent
    }

    /// What the program answers to a question. Nothing is sent if the connection that asked has ended.
    pub fn answer(&mut self, connection: u64, number: u64, answer: &Result<String, Fault>) {
        if !self.is_connected || self.connections != connection {
            return;
        }
        let text = frame::answer(number, answer);
        match self.check_length(text.len()) {
            Ok(()) => self.say(text),
            Err(_) => self.say(frame::too_long(number, self.most.unwrap_or_default())),
        }
    }

    fn may_send(&mut self, bytes: usize, pace: Option<(usize, Pace)>, now: Instant) -> bool {
        if self.status != Status::Open {
            self.need(now);
            return false;
        }
        self.check_length(bytes).is_ok()
            && self.has_room_for(bytes)
            && pace.is_none_or(|(kind, pace)| self.paces.send(kind, pace, now).is_ok())
    }

    /// Nobody waits for it any more. What was not sent will not be.
    pub fn forget(&mut self, reference: i64, now: Instant) {
        if let Some(taken) = self.pending.take(reference) {
            self.settled(&taken, now);
        }
    }

    /// Sends what waits, in the order of the calls, as far as the network takes it: what waits for its type's rate holds up what is
    /// behind it.
    pub(super) fn flush(&mut self, now: Instant) {
        while self.is_connected
            && self.status == Status::Open
            && let Some((reference, request)) = self.pending.next_unsent()
            && self.has_room_for(request.text.len())
        {
            if let Err(why) = self.check_length(request.text.len()) {
                if let Some(taken) = self.pending.take(reference) {
                    taken.settle(Err(why.into()));
                }
                continue;
            }
            if let Some((kind, pace)) = request.pace
                && let Err(wait) = self.paces.ask(kind, pace, now)
            {
                self.timers.pace = Some(now + wait);
                return;
            }
            if let Some(text) = self.pending.send_next() {
                self.say(text);
            }
        }
    }

    /// What was sent on another connection, as it was.
    pub(super) fn say_again(&mut self) {
        for reference in self.pending.sent_again() {
            if let Some(text) = self.pending.text(reference).map(str::to_owned) {
                self.say(text);
            }
        }
    }

    /// The server does not recognize what it may have handled already.
    pub(super) fn lose_again(&mut self, now: Instant) {
        for reference in self.pending.sent_again() {
            self.answered(reference, Err(Error::Lost), now);
        }
    }

    pub(super) fn answered(&mut self, reference: i64, outcome: Outcome, now: Instant) -> bool {
        let Some(taken) = self.pending.take(reference) else { return false };
        self.settled(&taken, now);
        taken.settle(outcome);
        true
    }

    pub(super) fn timed_out(&mut self, taken: Taken, now: Instant) {
        self.settled(&taken, now);
        let error = if taken.was_sent { Error::Timeout } else { Unsent::TooLate.into() };
        taken.settle(Err(error));
    }

    /// It counts against its rate from now on, and what waited behind it may be sent.
    pub(super) fn settled(&mut self, taken: &Taken, now: Instant) {
        if let (true, Some((kind, pace))) = (taken.was_sent, taken.request.pace) {
            self.paces.settled(kind, pace, now);
        }
        self.flush(now);
    }
}
