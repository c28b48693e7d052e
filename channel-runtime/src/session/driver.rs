//! The driver of a connection: it reads what the client sends, and writes what waits in the outbox.
//!
//! The session polls it also while a handler runs: so the outbox drains, pings are answered and a close is seen.

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
use crate::session::client_pings;
use crate::session::incoming_batch::IncomingBatches;
use crate::session::served::Served;
use crate::session::step::Step;
use crate::session::throttle::{RateDecision, RatedClient, Throttle, now};
use crate::session::writing::write;
use crate::socket::answer_array::AnswerArray;
use crate::socket::questions::{self, AskedClient};
use crate::wire::close::{Close, ClosedBy};
use crate::wire::frame::{Opcode, frame};
use crate::wire::parser::Input;

#[derive(Clone, Copy)]
enum Source {
    Inbox,
    Client,
}

pub(crate) struct Driver {
    receiver: Receiver,
    budget: Budget,
    /// How the client's side ended, after the parked input. `None` while it has not.
    ended: Option<Box<Close>>,
    throttle: Option<Box<Throttle>>,
    /// `None` before the first batch.
    batches: Option<Box<IncomingBatches>>,
    served: Arc<Served>,
    membership: MembershipGuard,
}

impl Driver {
    /// `read_ahead` is what the client sent behind its handshake; what has been parsed already is handled first.
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
        let mut driver = Self {
            receiver,
            budget: Budget::default(),
            ended: None,
            throttle: None,
            batches: None,
            served,
            membership,
        };
        // Not fed if there is nothing: a client that waited has been read from, and the parser may hold the beginning of a frame.
        let result = if read_ahead.is_empty() { Ok(()) } else { driver.receiver.feed(&mut read_ahead).result };
        driver.took(ReadBatch { before: Checkpoint::default(), result });
        driver
    }

    pub fn config(&self) -> &Config {
        &self.served.config
    }

    pub fn served(&self) -> &Arc<Served> {
        &self.served
    }

    pub fn shutdown(&self) -> &Arc<Shutdown> {
        &self.served.node.shutdown
    }

    pub fn leave(&self) {
        self.membership.end();
    }

    /// Holds back what a handler sends, until it waits or the parked input is done.
    pub fn cork(&self) {
        self.membership.connection.outbox().cork();
    }

    /// The next step, with the outbox [corked](Self::cork). `None` when the connection ends: at once if we end it, after all input
    /// if the client does.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Step>> {
        if let Some(batches) = &mut self.batches {
            batches.end_if_handled();
        }
        self.budget.count_recipients(self.membership.connection.backlog.take_spent());
        if self.budget.is_used_up() {
            if self.budget.was_notice {
                // While there are always more notices, nothing else reads from the client.
                self.poll_io(cx);
            } else {
                self.write(cx);
            }
            self.budget.yield_now();
        }
        ready!(self.budget.poll_yielded(cx));
        self.membership.connection.poll_timers(cx);
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

    /// Corks the outbox if there is a step. `None` also if the client has to wait.
    fn next_step(&mut self) -> Option<Step> {
        let source = self.next_source()?;
        let Member { backlog, apart, .. } = &*self.membership.connection;
        // The client is far ahead of its rooms, or does not take its own answers. Its task is woken when that is over.
        if backlog.over_high_water() || !self.membership.connection.outbox().cork_for_input() {
            return None;
        }
        self.budget.count_step();
        self.budget.was_notice = matches!(source, Source::Inbox);
        match source {
            Source::Inbox => apart.inbox.take().map(Step::Notice),
            Source::Client => match IncomingBatches::pop(&mut self.batches) {
                Some(text) => Some(Step::Input(Input::Text(text))),
                None => self.receiver.pop().map(Step::Input),
            },
        }
    }

    fn next_source(&self) -> Option<Source> {
        // No notice is handled after the client's last input: notices could keep the connection from ending for ever.
        let has_input = self.has_input();
        let is_over = self.ended.is_some() && !has_input;
        let has_notice = self.membership.connection.apart.inbox.has_notice() && !is_over;
        match (has_notice, has_input) {
            (false, false) => None,
            (false, true) => Some(Source::Client),
            (true, true) if self.budget.was_notice => Some(Source::Client),
            (true, _) => Some(Source::Inbox),
        }
    }

    pub fn is_closing(&self) -> bool {
        self.membership.connection.outbox().is_closing()
    }

    pub fn has_input(&self) -> bool {
        !self.receiver.is_empty() || (self.batches.is_some() && self.answers().is_some())
    }

    /// The messages of a batch are the next steps.
    pub fn begin_batch(&mut self, texts: &[&str]) {
        let Self { batches, served, membership: MembershipGuard { connection, .. }, .. } = self;
        batches.get_or_insert_default().begin(texts, &served.node, connection);
    }

    /// Before a close, after which nothing is sent.
    fn flush_answers(&self) {
        if let Some(answers) = self.answers() {
            answers.flush();
        }
    }

    /// The array for the answer to the last step. `None` if it was no message of a batch.
    pub fn answers(&self) -> Option<&Arc<AnswerArray>> {
        self.batches.as_ref()?.answers()
    }

    /// False if we have closed the connection.
    pub fn has_lost_client(&self) -> bool {
        match self.membership.connection.outbox().closed_by() {
            Some(by) => by != ClosedBy::Server,
            None => self.ended.is_some(),
        }
    }

    fn has_ended(&self) -> bool {
        (self.ended.is_some() && !self.has_input()) || self.membership.connection.outbox().is_closing()
    }

    pub fn poll_io(&mut self, cx: &mut Context<'_>) {
        self.write(cx);
        self.read(cx);
        self.write(cx);
    }

    fn write(&mut self, cx: &mut Context<'_>) {
        let MembershipGuard { registry, connection } = &self.membership;
        match write(registry, connection, cx, self.receiver.stream()) {
            Ok(is_draining) => self.budget.is_draining = is_draining,
            Err(error) => self.lost(&error.to_string()),
        }
    }

    fn read(&mut self, cx: &mut Context<'_>) {
        for _ in 0..MOST_READS {
            let rests = self.ended.is_some() || self.receiver.is_full();
            self.membership.connection.apart.liveness.pause(rests);
            if rests {
                return;
            }
            match self.receiver.poll_read(cx) {
                Poll::Pending => return,
                Poll::Ready(Ok(None)) => return self.left(STREAM_ENDED),
                Poll::Ready(Ok(Some(came))) => {
                    self.membership.connection.apart.liveness.mark_received();
                    self.took(came);
                }
                Poll::Ready(Err(error)) => return self.lost(&error.to_string()),
            }
        }
        // There may be more to read. Other tasks first.
        cx.waker().wake_by_ref();
    }

    /// Handles what is not for the session: the frame rate, pings of both kinds, a close.
    fn took(&mut self, ReadBatch { before, result }: ReadBatch) {
        let due =
            self.throttle.as_ref().map_or_else(|| Throttle::first_due(&self.served.config), |throttle| throttle.due());
        if self.receiver.frames() > due {
            self.count_frames(&before);
        }
        client_pings::answer(&mut self.receiver, &before, self.membership.connection.outbox());
        for input in self.receiver.count(&before) {
            match input {
                Input::Ping(data) => {
                    // Refused only if the connection ends: nobody waits for a pong then.
                    let _ = self.membership.connection.outbox().push(frame(Opcode::Pong, data), Sender::Own);
                }
                Input::Close(_) => self.ended = close_in(input).map(Box::new),
                Input::Text(_) | Input::Binary(_) => self.membership.connection.apart.liveness.mark_message(),
                Input::Pong(_) => {}
            }
        }
        if self.membership.connection.apart.liveness.awaits_pong() && self.receiver.take_pong(&before) {
            self.membership.connection.apart.liveness.mark_pong();
        }
        if questions::are_open(&self.membership.connection) {
            self.take_answers(&before);
        }
        if let Err(violation) = result {
            self.ended = Some(Box::new(violation.into()));
        }
        if self.ended.is_some() {
            questions::client_is_leaving(&self.membership.connection);
        }
    }

    /// Answers to questions overtake messages, because a handler may wait for one.
    #[cold]
    fn take_answers(&mut self, before: &Checkpoint) {
        let client = AskedClient::new(&self.served.node, &self.membership.connection);
        let logs = self.served.config.log_payloads;
        self.receiver.take_texts(before, |text| questions::take_answers(&client, text, logs));
    }

    fn count_frames(&mut self, before: &Checkpoint) {
        let Self { throttle, served, membership: MembershipGuard { connection, .. }, receiver, .. } = self;
        let throttle = throttle.get_or_insert_with(|| Box::new(Throttle::new(&served.config)));
        let decision = throttle.count_read(receiver, before, served, connection, now());
        self.close_if_abuse(decision);
    }

    /// If it may not pass, it has been answered.
    pub fn may_pass(&mut self, text: &str, index: usize, rate: RateShape) -> bool {
        let throttle = self.throttle.get_or_insert_with(|| Box::new(Throttle::new(&self.served.config)));
        let answers = self.batches.as_ref().and_then(|batches| batches.answers());
        let client = RatedClient { served: &self.served, connection: &self.membership.connection, answers };
        let decision = throttle.check_message(text, index, rate, client, now());
        self.close_if_abuse(decision);
        decision == RateDecision::Passes
    }

    /// As [`may_pass`](Self::may_pass), for a binary message: one that may not pass closes the connection.
    pub fn binary_may_pass(&mut self, index: usize, rate: RateShape) -> bool {
        let throttle = self.throttle.get_or_insert_with(|| Box::new(Throttle::new(&self.served.config)));
        let decision = throttle.check_binary(index, rate, &self.served, &self.membership.connection, now());
        self.close_if_abuse(decision);
        decision == RateDecision::Passes
    }

    /// Nothing more is read from the client then.
    fn close_if_abuse(&mut self, decision: RateDecision) {
        let Some(close) = decision.close() else { return };
        self.flush_answers();
        self.membership.connection.outbox().close(close.clone());
        self.ended.get_or_insert_with(|| Box::new(close));
    }

    /// It may still read: a client that ends its own half of the stream alone gets its answers.
    fn left(&mut self, reason: &str) {
        self.ended.get_or_insert_with(|| Box::new(Close::lost(reason)));
        questions::client_is_leaving(&self.membership.connection);
    }

    fn lost(&mut self, reason: &str) {
        self.left(reason);
        self.membership.connection.outbox().client_is_gone();
    }

    /// An answer that the client waits for is sent first.
    pub fn close_if_draining(&mut self, owes_answer: impl FnOnce() -> bool, cx: &mut Context<'_>) {
        if self.budget.is_draining && !owes_answer() && !self.membership.connection.owed.is_any() {
            self.flush_answers();
            self.membership.connection.outbox().close(Close::going_away());
            self.write(cx);
        }
    }

    /// Whether answers are owed besides those of running calls. False after the client's Close, because it takes none then.
    pub fn owes_answers(&self) -> bool {
        let takes_answers = self.ended.as_ref().is_none_or(|ended| ended.by == ClosedBy::Lost);
        takes_answers && self.membership.connection.outbox().takes() && self.membership.connection.owed.is_any()
    }

    /// Sends a pong to a client that has ended its half of the stream: if nobody is there, the next write fails.
    pub fn probe(&self) {
        if self.ended.is_some() {
            // Refused only if the connection ends.
            let _ = self.membership.connection.outbox().push(frame(Opcode::Pong, &[]), Sender::Own);
        }
    }

    /// Ends the connection, if we have not already, and returns how it ended. Only what waits is sent after that.
    pub fn end(&mut self) -> Close {
        self.receiver.clear();
        self.batches = None;
        let outbox = self.membership.connection.outbox();
        // No effect if we have closed it already.
        outbox.close(match &self.ended {
            Some(ended) if !outbox.is_closing() => Close::clone(ended),
            _ => Close::going_away(),
        });
        outbox.closing().expect("it is closed by now")
    }

    /// Sends the Close, and waits for the client's.
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
