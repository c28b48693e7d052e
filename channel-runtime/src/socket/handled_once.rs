//! The guard of a message that is handled once: whatever becomes of its handler, the outcome is kept.

use std::sync::Arc;

use bytes::Bytes;

use crate::protocol::codec::{self, Head};
use crate::protocol::fault::Fault;
use crate::socket::frames::timestamp;
use crate::socket::kept_answer::KeptAnswer;
use crate::socket::one_answer::OneAnswer;
use crate::socket::replies::{MessageKey, Replies};
use crate::wire::frame::Opcode;

/// Held by the claim to the message's answer.
pub(crate) struct HandledOnce {
    replies: Arc<Replies>,
    key: Arc<MessageKey>,
    answer: Arc<OneAnswer>,
    /// What was sent before the answer.
    before: Option<(Opcode, Bytes)>,
    is_given: bool,
}

impl HandledOnce {
    /// # Errors
    /// The answer to the message that was said before, which may not be given yet.
    pub fn begin(replies: &Arc<Replies>, key: MessageKey) -> Result<Self, Arc<OneAnswer>> {
        let (key, answer) = replies.begin(key)?;
        Ok(Self { replies: Arc::clone(replies), key, answer, before: None, is_given: false })
    }

    pub fn put_before(&mut self, opcode: Opcode, data: Bytes) {
        self.before = Some((opcode, data));
    }

    /// An answer behind what was sent before. `json` has no `ref`; without one an answer that `needs_reference` is not sent.
    pub fn answer(&mut self, json: Vec<u8>, needs_reference: bool) -> KeptAnswer {
        KeptAnswer::new(self.before.take(), json, needs_reference)
    }

    /// Keeps the answer that its message was given, and gives it to those who said that again.
    pub fn give(mut self, answer: KeptAnswer) {
        self.give_now(answer);
    }

    #[cfg(test)]
    pub fn answers(&self, answer: &Arc<OneAnswer>) -> bool {
        Arc::ptr_eq(&self.answer, answer)
    }

    fn give_now(&mut self, answer: KeptAnswer) {
        self.is_given = true;
        let given = Arc::new(answer);
        let kept = match given.len() <= Replies::LONGEST {
            true => Arc::clone(&given),
            false => Arc::new(of_fault(Fault::UNAVAILABLE, "it was handled, and its answer is too long to be kept")),
        };
        let bytes = kept.len();
        for again in self.answer.give(kept) {
            again.answer(&given);
        }
        self.replies.count(&self.key, &self.answer, bytes);
    }
}

impl Drop for HandledOnce {
    fn drop(&mut self) {
        if !self.is_given {
            self.give_now(of_fault(Fault::CANCELLED, "it was begun, and ended without an answer"));
        }
    }
}

fn of_fault(code: &'static str, message: &str) -> KeptAnswer {
    let mut json = Vec::new();
    codec::encode_fault(&Fault::new(code, message), &timestamp(), Head::default(), &mut json);
    KeptAnswer::new(None, json, false)
}
