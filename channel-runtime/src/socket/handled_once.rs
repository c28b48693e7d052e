//! The guard of a message that is handled once: whatever becomes of its handler, the outcome is kept.

use std::sync::Arc;

use bytes::Bytes;

use crate::protocol::fault::Fault;
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
        let bytes = given.len();
        let is_kept = bytes <= Replies::LONGEST;
        for again in self.answer.give(is_kept.then(|| Arc::clone(&given))) {
            again.answer(&given);
        }
        if is_kept {
            self.replies.count(&self.key, &self.answer, bytes);
        }
    }
}

impl Drop for HandledOnce {
    fn drop(&mut self) {
        if !self.is_given {
            self.give_now(KeptAnswer::of_fault(Fault::CANCELLED, "it was begun, and ended without an answer"));
        }
    }
}
