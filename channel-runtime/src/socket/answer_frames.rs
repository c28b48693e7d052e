//! The frames that answer a message: what its handler returned, as JSON with the message's `ref`.

use serde::Serialize;

use crate::channel::Channel;
use crate::connection::contained::contain;
use crate::protocol::codec::{self, EncodeError, Head};
use crate::protocol::envelope::{Envelope, in_topic};
use crate::protocol::escaped::Escaped;
use crate::protocol::fault::Fault;
use crate::protocol::message::{Message, Messages};
use crate::room::sent::Sent;
use crate::socket::Socket;
use crate::socket::answer_array::AnswerArray;
use crate::socket::claim::{Claim, Open, Taken};
use crate::socket::frames::now;
use crate::wire::close::{Close, CloseCode, ClosedBy};
use crate::wire::frame::Opcode;

impl<C: Channel> Socket<C> {
    /// The message has a `ref` that nobody has answered.
    pub(crate) fn awaits_answer(&self) -> bool {
        self.claim().is_open()
    }

    pub(crate) fn has_reference(&self) -> bool {
        self.claim().has_ref()
    }

    pub(crate) fn answer_nothing(&self) {
        if self.awaits_answer() {
            let nothing: Option<(&(), &str)> = None;
            self.answer_with(false, |head, json| self.contained(|| C::Envelope::success(nothing, head, json)));
        }
    }

    pub(crate) fn answer<M: Message>(&self, message: &M) {
        match M::KIND {
            None => self.answer_with(false, |head, json| C::Envelope::encode(message, head, json)),
            Some(kind) => self.answer_binary(|out| codec::encode_binary(kind, message, out)),
        }
    }

    pub(crate) fn answer_one_of<T: Messages>(&self, message: &T) {
        match codec::binary_kind(message) {
            None => self.answer_with(false, |head, json| C::Envelope::encode_one_of(message, head, json)),
            Some(kind) => self.answer_binary(|out| codec::encode_binary_one_of(kind, message, out)),
        }
    }

    /// A binary message has no place for a `ref`: a `success` with it follows.
    fn answer_binary(&self, write: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>) {
        match self.try_push(Opcode::Binary, write) {
            Ok(_) => self.answer_nothing(),
            Err(error) => self.answer_fault(&Fault::internal(error)),
        }
    }

    /// Not sent if the message has no `ref`, which alone says what a `success` answers, or if the answer was taken over. What a
    /// hook or a notice returns is always sent.
    pub(crate) fn answer_success<T: Serialize>(&self, data: &T) {
        if !(matches!(self.claim(), Claim::NoMessage) || self.awaits_answer()) {
            return;
        }
        self.answer_with(false, |head, json| C::Envelope::success(Some((data, &now::<C>())), head, json));
    }

    /// In a channel of raw text it is counted and logged.
    pub(crate) fn answer_fault(&self, fault: &Fault) {
        self.counters().fault(fault);
        if !self.may_send(fault) {
            return;
        }
        self.answer_with(true, |head, json| self.write_fault(fault, head, json));
    }

    /// Whether the client reads error frames. If not, the fault is logged.
    fn may_send(&self, fault: &Fault) -> bool {
        let counters = self.counters();
        if counters.takes_text {
            // Its message may repeat what the client sent.
            let code = Escaped(&fault.code);
            tracing::debug!(channel = counters.channel, connection = %self.id(), %code, "a fault is not sent");
        }
        !counters.takes_text
    }

    /// If the answer can't be encoded, the error `internal` is sent in its place.
    fn answer_with(&self, is_fault: bool, write: impl FnOnce(Head<'_>, &mut Vec<u8>) -> Result<(), EncodeError>) {
        let mut taken = Taken::of(self.claim());
        let head = taken.open.as_ref().map(Open::head).unwrap_or_default();
        let answers = const { C::Envelope::PLACES.most_in_batch() > 0 }.then(|| taken.answers(is_fault)).flatten();
        if let Err(error) = self.push_answer(answers.as_deref(), head, write) {
            self.answer_instead(answers.as_deref(), head, error);
        }
        // The connection is kept open until the answer is sent.
        taken.open = None;
        if const { C::Envelope::PLACES.most_in_batch() > 0 } {
            taken.release_array();
        }
    }

    #[cold]
    fn answer_instead(&self, answers: Option<&AnswerArray>, head: Head<'_>, error: EncodeError) {
        if let EncodeError::NoPlace { kind } = error {
            return self.unwritten(kind);
        }
        let fault = Fault::internal(error);
        self.counters().fault(&fault);
        if self.may_send(&fault)
            && self.push_answer(answers, head, |head, json| self.write_fault(&fault, head, json)).is_err()
        {
            self.unwritten("error");
        }
    }

    /// As a frame of its own, or into the array of its batch.
    #[inline(always)]
    fn push_answer(
        &self,
        answers: Option<&AnswerArray>,
        head: Head<'_>,
        write: impl FnOnce(Head<'_>, &mut Vec<u8>) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        let write = |json: &mut Vec<u8>| self.in_topic(head, |head| write(head, json));
        let Some(answers) = answers else { return self.try_push(Opcode::Text, write).map(drop) };
        let mut json = Vec::new();
        write(&mut json)?;
        answers.append(&json);
        Ok(())
    }

    pub(super) fn push_fault(&self, fault: &Fault, head: Head<'_>) -> Sent {
        self.push_text(|json| self.in_topic(head, |head| self.write_fault(fault, head, json)))
    }

    fn in_topic<R>(&self, head: Head<'_>, then: impl FnOnce(Head<'_>) -> R) -> R {
        in_topic::<C::Envelope, R>(head, self.member().own_room.name(), then)
    }

    fn write_fault(&self, fault: &Fault, head: Head<'_>, json: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.contained(|| C::Envelope::fault(fault, &now::<C>(), head, json))
    }

    /// Another envelope's `write` may be the user's code, and errors are also written where no handler's panic is caught: one here
    /// closes the connection.
    fn contained(&self, write: impl FnOnce() -> Result<(), EncodeError>) -> Result<(), EncodeError> {
        if const { <C::Envelope as Envelope>::IS_FLAT } {
            return write();
        }
        contain(write).unwrap_or_else(|_| {
            let (fault, id) = Fault::unexplained();
            tracing::error!(channel = C::NAME, connection = %self.id(), %id, "the envelope's `write` panicked");
            self.claim().flush_batch();
            let reason = format!("{} ({id})", fault.message);
            self.member().outbox().close(Close::new(ClosedBy::Panic, CloseCode::INTERNAL, reason));
            Err(EncodeError::NoPlace { kind: "error" })
        })
    }
}
