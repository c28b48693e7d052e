//! One connection's driver to its client: what comes in, and what waits to be written.
//!
//! The session polls it, whether or not a handler runs: the outbox drains, pings are answered and a close is seen all the
//! time.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::net::tcp::OwnedWriteHalf;

use crate::config::Config;
use crate::connection::close;
use crate::connection::outbox::Sender;
use crate::connection::receiver::{Checkpoint, ReadBatch, Receiver, STREAM_ENDED, close_in};
use crate::connection::shutdown::Shutdown;
use crate::protocol::describe::parts::RateShape;
use crate::room::member::Member;
use crate::room::membership::MembershipGuard;
use crate::session::budget::{Budget, MOST_READS};
use crate::session::served::Served;
use crate::session::step::Step;
use crate::session::throttle::{Held, Throttle};
use crate::wire::close::{Close, ClosedBy};
use crate::wire::frame::{Opcode, frame};
use crate::wire::parser::Input;

pub(crate) struct Driver {
    receiver: Receiver,
    budget: Budget,
    /// How the client's side ended, once it has; the parked input came before that.
    ended: Option<Box<Close>>,
    /// What is held against the client, once something is.
    throttle: Option<Box<Throttle>>,
    served: Arc<Served>,
    membership: MembershipGuard,
}

impl Driver {
    /// `read_ahead` is what the client sent behind its handshake; what has been taken in before is handled first.
    pub fn new(
        receiver: Receiver,
        socket: Option<OwnedWriteHalf>,
        mut read_ahead: Vec<u8>,
        membership: MembershipGuard,
        served: Arc<Served>,
    ) -> Self {
        if let Some(socket) = socket {
            membership.connection.outbox().attach(socket);
        }
        let mut driver = Self { receiver, budget: Budget::default(), ended: None, throttle: None, served, membership };
        // Nothing is fed where a client that waited has been read from: more of what it said may lie in the parser.
        let result = if read_ahead.is_empty() { Ok(()) } else { driver.receiver.feed(&mut read_ahead).result };
        driver.took(ReadBatch { before: Checkpoint::default(), result });
        driver
    }

    /// The bounds of the server.
    pub fn config(&self) -> &Config {
        &self.served.config
    }

    /// What all sessions of the channel share.
    pub fn served(&self) -> &Arc<Served> {
        &self.served
    }

    pub fn shutdown(&self) -> &Arc<Shutdown> {
        &self.served.node.shutdown
    }

    /// The connection leaves all that it is a member of.
    pub fn leave(&self) {
        self.membership.end();
    }

    /// A handler goes on: what it sends leaves when it waits, or when the parked input is done.
    pub fn cork(&self) {
        self.membership.connection.outbox().cork();
    }

    /// The next step, for a handler that begins, [corked](Self::cork); none when the connection ends: at once if we end it, after all input if the client does.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Step>> {
        self.budget.count_recipients(self.membership.connection.backlog.take_spent());
        if self.budget.is_used_up() {
            // What it was answered leaves first.
            if self.budget.was_notice {
                // While notices come without end, nothing else looks for what the client says.
                self.poll_io(cx);
            } else {
                self.write(cx);
            }
            self.budget.yield_now();
        }
        ready!(self.budget.poll_yielded(cx));
        if let Some(step) = self.next_step() {
            return Poll::Ready(Some(step));
        }
        if !self.has_ended() {
            self.poll_io(cx);
        }
        match self.next_step() {
            Some(step) => Poll::Ready(Some(step)),
            None if self.has_ended() => Poll::Ready(None),
            None => {
                self.budget.renew();
                Poll::Pending
            }
        }
    }

    fn next_step(&mut self) -> Option<Step> {
        let Member { backlog, apart, .. } = &*self.membership.connection;
        // Not once the client has said its last word: notices could keep the connection from ending for ever.
        let has_notice = apart.inbox.has_notice() && !(self.ended.is_some() && self.receiver.is_empty());
        // Whoever is far ahead of its rooms, or does not take its own answers, waits: its task is woken when that has passed.
        if (self.receiver.is_empty() && !has_notice)
            || backlog.over_high_water()
            || !self.membership.connection.outbox().cork_for_input()
        {
            return None;
        }
        self.budget.count_step();
        // In turns, so that neither keeps the other waiting.
        self.budget.was_notice = has_notice && !(self.budget.was_notice && self.has_input());
        if self.budget.was_notice {
            return apart.inbox.take().map(Step::Notice);
        }
        self.receiver.pop().map(Step::Input)
    }

    /// Whether we have begun to end the connection.
    pub fn is_closing(&self) -> bool {
        self.membership.connection.outbox().is_closing()
    }

    /// Whether input waits that has come already.
    pub fn has_input(&self) -> bool {
        !self.receiver.is_empty()
    }

    /// The client is gone, and we have not sent it away: whoever works for it alone may stop.
    pub fn has_lost_client(&self) -> bool {
        match self.membership.connection.outbox().closed_by() {
            Some(by) => by != ClosedBy::Server,
            None => self.ended.is_some(),
        }
    }

    /// We end it, or the client does and all that it said before is handled.
    fn has_ended(&self) -> bool {
        (self.ended.is_some() && self.receiver.is_empty()) || self.membership.connection.outbox().is_closing()
    }

    /// Writes what waits and reads what has come.
    pub fn poll_io(&mut self, cx: &mut Context<'_>) {
        self.write(cx);
        self.read(cx);
        // Pongs, and what reading made others send.
        self.write(cx);
    }

    fn write(&mut self, cx: &mut Context<'_>) {
        match self.membership.connection.outbox().drain(cx, self.receiver.stream()) {
            Ok(progress) => {
                self.budget.is_draining = progress.is_draining;
                // A client that is behind, and takes some of it, is there: its pong may be far behind too.
                if progress.resumed {
                    self.membership.connection.apart.liveness.hear();
                }
            }
            Err(error) => self.lost(&error.to_string()),
        }
    }

    fn read(&mut self, cx: &mut Context<'_>) {
        for _ in 0..MOST_READS {
            let rests = self.ended.is_some() || self.receiver.is_full();
            self.membership.connection.apart.liveness.rest(rests);
            if rests {
                return;
            }
            match self.receiver.poll_read(cx) {
                Poll::Pending => return,
                Poll::Ready(Ok(None)) => return self.left(STREAM_ENDED),
                Poll::Ready(Ok(Some(came))) => {
                    self.membership.connection.apart.liveness.hear();
                    self.took(came);
                }
                Poll::Ready(Err(error)) => return self.lost(&error.to_string()),
            }
        }
        // There may be more; others first.
        cx.waker().wake_by_ref();
    }

    /// Sees to the input of a read: what is too much is refused, pings are answered and a close ends it at once.
    fn took(&mut self, ReadBatch { before, result }: ReadBatch) {
        let due =
            self.throttle.as_ref().map_or_else(|| Throttle::first_due(&self.served.config), |throttle| throttle.due());
        if self.receiver.frames() > due {
            self.count_frames(&before);
        }
        for input in self.receiver.count(&before) {
            match input {
                Input::Ping(data) => {
                    // Drained after the read. Refused only when the connection ends, and then nobody waits for a pong.
                    let _ = self.membership.connection.outbox().push(frame(Opcode::Pong, data), Sender::Own);
                }
                Input::Close(_) => self.ended = close_in(input).map(Box::new),
                Input::Text(_) | Input::Binary(_) => self.membership.connection.apart.liveness.speak(),
                Input::Pong(_) => {}
            }
        }
        if self.membership.connection.apart.liveness.awaits_pong() && self.receiver.take_pong(&before) {
            self.membership.connection.apart.liveness.ponged();
        }
        if let Err(violation) = result {
            self.ended = Some(Box::new(violation.into()));
        }
        if self.ended.is_some() {
            self.membership.connection.outbox().client_is_leaving();
        }
    }

    /// Holds the frames that have come against their rate, and refuses what came last of it.
    fn count_frames(&mut self, before: &Checkpoint) {
        let Self { throttle, served, membership: MembershipGuard { connection, .. }, receiver, .. } = self;
        let throttle = throttle.get_or_insert_with(|| Box::new(Throttle::new(&served.config)));
        let held = throttle.hold_frames(receiver, before, served, connection);
        self.end_where_too_much(held);
    }

    /// Holds a message of the type at this place against its rate: whether it may pass, else it is answered.
    pub fn may_pass(&mut self, text: &str, index: usize, rate: RateShape) -> bool {
        let throttle = self.throttle.get_or_insert_with(|| Box::new(Throttle::new(&self.served.config)));
        let held = throttle.hold_message(text, index, rate, &self.served, &self.membership.connection);
        self.end_where_too_much(held);
        held == Held::Passes
    }

    /// Nothing more is read from a client that has been refused too often, or whose binary message was refused.
    fn end_where_too_much(&mut self, held: Held) {
        let Some(close) = held.close() else { return };
        self.membership.connection.outbox().close(close.clone());
        self.ended.get_or_insert_with(|| Box::new(close));
    }

    /// The client says no more. It may still read: whoever ends only its own half gets the answers to what it said.
    fn left(&mut self, reason: &str) {
        self.ended.get_or_insert_with(|| Box::new(Close::lost(reason)));
        self.membership.connection.outbox().client_is_leaving();
    }

    /// The stream is broken both ways.
    fn lost(&mut self, reason: &str) {
        self.left(reason);
        self.membership.connection.outbox().client_is_gone();
    }

    /// Tells a client that is sent away, unless it waits for an answer: that comes first.
    pub fn say_goodbye_unless(&mut self, owes_answer: impl FnOnce() -> bool, cx: &mut Context<'_>) {
        if self.budget.is_draining && !owes_answer() && !self.membership.connection.owed.is_any() {
            self.membership.connection.outbox().close(Close::going_away());
            self.write(cx);
        }
    }

    /// Whether answers are owed, beside those of what runs here, to a client that still hears them: not to one that has said
    /// goodbye.
    pub fn owes_answers(&self) -> bool {
        let hears = self.ended.as_ref().is_none_or(|ended| ended.by == ClosedBy::Lost);
        hears && self.membership.connection.outbox().takes() && self.membership.connection.owed.is_any()
    }

    /// Sends a client that has ended its half of the stream what it need not answer: where nobody is there, the next write fails.
    pub fn probe(&self) {
        if self.ended.is_some() {
            // Refused only when the connection ends.
            let _ = self.membership.connection.outbox().push(frame(Opcode::Pong, &[]), Sender::Own);
        }
    }

    /// Ends the connection, if we have not already, and tells how it ended. Nothing is sent any more but what waits.
    pub fn end(&mut self) -> Close {
        self.receiver.clear();
        let outbox = self.membership.connection.outbox();
        // Counts where we have not said yet how it ends: because its client has, or while it was sent away.
        outbox.close(match &self.ended {
            Some(ended) if !outbox.is_closing() => Close::clone(ended),
            _ => Close::going_away(),
        });
        outbox.closing().expect("it is closed by now")
    }

    /// Says goodbye, and waits for the client to do so.
    pub async fn finish(&mut self) {
        let Self { receiver, membership: MembershipGuard { connection, .. }, served, .. } = self;
        close::finish(receiver.stream(), connection.outbox(), &served.node.shutdown, served.config.close_timeout).await;
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.membership.connection.outbox().detach();
    }
}
