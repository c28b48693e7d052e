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
use crate::socket::frames::{now, timestamp};
use crate::wire::close::{Close, CloseCode, ClosedBy};
use crate::wire::frame::{Opcode, frame};

/// What a message is answered with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    /// Without a `ref`, its client could not know what it answers.
    Success,
    Message,
    Fault,
}

impl<C: Channel> Socket<C> {
    /// The message has a `ref` that nobody has answered.
    pub(crate) fn awaits_answer(&self) -> bool {
        self.claim().is_open()
    }

    pub(crate) fn has_reference(&self) -> bool {
        self.claim().has_ref()
    }

    /// An answer to the message is to be kept, and none is yet.
    pub(crate) fn keeps_answer(&self) -> bool {
        (const { codec::has_idempotent::<C::FromClient>() }) && self.claim().is_kept()
    }

    pub(crate) fn answer_nothing(&self) {
        if self.awaits_answer() || self.keeps_answer() {
            let nothing: Option<(&(), &str)> = None;
            self.answer_with(What::Success, |head, json| self.contained(|| C::Envelope::success(nothing, head, json)));
        }
    }

    pub(crate) fn answer<M: Message>(&self, message: &M) {
        match M::KIND {
            None => {
                self.answer_with(What::Message, |head, json| C::Envelope::encode(message, head, json));
            }
            Some(kind) => self.answer_binary(|out| codec::encode_binary(kind, message, out)),
        }
    }

    pub(crate) fn answer_one_of<T: Messages>(&self, message: &T) {
        match codec::binary_kind(message) {
            None => {
                self.answer_with(What::Message, |head, json| C::Envelope::encode_one_of(message, head, json));
            }
            Some(kind) => self.answer_binary(|out| codec::encode_binary_one_of(kind, message, out)),
        }
    }

    /// A binary message has no place for a `ref`: a `success` with it follows.
    fn answer_binary(&self, write: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>) {
        let write_and_keep = |out: &mut Vec<u8>| {
            let start = out.len();
            write(out)?;
            self.keep_before(Opcode::Binary, &out[start..]);
            Ok(())
        };
        match self.try_push(Opcode::Binary, write_and_keep) {
            Ok(_) => self.answer_nothing(),
            Err(error) => self.answer_fault(&Fault::internal(error)),
        }
    }

    /// Keeps what was sent before the answer.
    pub(crate) fn keep_before(&self, opcode: Opcode, data: &[u8]) {
        if const { codec::has_idempotent::<C::FromClient>() } {
            self.claim().keep_before(opcode, data);
        }
    }

    /// Not sent if the message has no `ref`, which alone says what a `success` answers, or if the answer was taken over. What a
    /// hook or a notice returns is always sent.
    pub(crate) fn answer_success<T: Serialize>(&self, data: &T) {
        if !(matches!(self.claim(), Claim::NoMessage) || self.awaits_answer() || self.keeps_answer()) {
            return;
        }
        self.answer_with(What::Success, |head, json| C::Envelope::success(Some((data, &now::<C>())), head, json));
    }

    /// In a channel of raw text it is counted and logged.
    pub(crate) fn answer_fault(&self, fault: &Fault) {
        self.counters().fault(fault);
        if !self.may_send(fault) {
            return;
        }
        self.answer_with(What::Fault, |head, json| self.write_fault(fault, head, json));
    }

    /// The fault is not sent: it is what the message gets if it is said again, unless that is known.
    pub(crate) fn keep_fault(&self, fault: &Fault) {
        if const { codec::has_idempotent::<C::FromClient>() }
            && let Some(mut handled) = self.claim().take_handled()
        {
            let mut json = Vec::new();
            codec::encode_fault(fault, &timestamp(), Head::default(), &mut json);
            let answer = handled.answer(json, false);
            handled.give(answer);
        }
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
    fn answer_with(&self, what: What, write: impl FnOnce(Head<'_>, &mut Vec<u8>) -> Result<(), EncodeError>) {
        let mut taken = Taken::of(self.claim());
        if const { codec::has_idempotent::<C::FromClient>() } {
            taken = taken.and_handled();
            if taken.handled.is_some() {
                return self.answer_and_keep(taken, what, write);
            }
        }
        let head = taken.open.as_ref().map(Open::head).unwrap_or_default();
        let answers =
            const { C::Envelope::PLACES.most_in_batch() > 0 }.then(|| taken.answers(what == What::Fault)).flatten();
        if let Err(error) = self.push_answer(answers.as_deref(), head, write) {
            self.answer_instead(answers.as_deref(), head, error);
        }
        // The connection is kept open until the answer is sent.
        taken.open = None;
        if const { C::Envelope::PLACES.most_in_batch() > 0 } {
            taken.release_array();
        }
    }

    /// If the answer can't be encoded, the error is what is kept.
    #[cold]
    fn answer_and_keep(
        &self,
        mut taken: Taken<'_>,
        mut what: What,
        write: impl FnOnce(Head<'_>, &mut Vec<u8>) -> Result<(), EncodeError>,
    ) {
        let mut json = Vec::new();
        if let Err(error) = write(Head::default(), &mut json) {
            let fault = Fault::internal(error);
            self.counters().fault(&fault);
            codec::encode_fault(&fault, &timestamp(), Head::default(), &mut json);
            what = What::Fault;
        }
        let Some(mut handled) = taken.handled.take() else { return };
        let answer = handled.answer(json, what == What::Success);
        let reference = taken.open.as_ref().and_then(|open| open.head().reference);
        if let Some(text) = answer.text(reference, false) {
            self.push_frame(frame(Opcode::Text, &text));
        }
        taken.open = None;
        handled.give(answer);
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
