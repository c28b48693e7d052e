//! A text that holds several messages: each becomes a step of its own.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use crate::room::member::Member;
use crate::socket::answer_array::AnswerArray;
use crate::socket::node::Node;

/// The batches of one connection, one after the other. Made by the first.
#[derive(Default)]
pub(crate) struct IncomingBatches {
    /// The messages that are not handled yet.
    texts: VecDeque<String>,
    /// Of the batch of which a message was the last step, or will be the next.
    answers: Option<Arc<AnswerArray>>,
    /// In the arrays of all its batches, in bytes.
    gathered: Arc<AtomicUsize>,
}

impl IncomingBatches {
    pub fn begin(&mut self, texts: &[&str], node: &Arc<Node>, member: &Arc<Member>) {
        self.texts = texts.iter().map(|&text| text.to_owned()).collect();
        self.answers = Some(AnswerArray::new(node, member, &self.gathered));
    }

    /// To be called when the last step has been handled.
    pub fn end_if_handled(&mut self) {
        if self.texts.is_empty() {
            self.answers = None;
        }
    }

    /// The next message of the batch. Most connections never send one.
    #[inline(always)]
    pub fn pop(batches: &mut Option<Box<Self>>) -> Option<String> {
        if batches.is_none() { None } else { batches.as_mut()?.texts.pop_front() }
    }

    pub fn answers(&self) -> Option<&Arc<AnswerArray>> {
        self.answers.as_ref()
    }
}
