//! Questions to all nodes: asked in the lane, behind what was sent before, and answered to this node alone.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::node_id::NodeId;

pub(super) const MOST_OPEN: usize = 1024;

#[derive(Default)]
pub(super) struct Questions {
    next: AtomicU64,
    open: Mutex<HashMap<u64, Open>>,
}

#[derive(Default)]
struct Open {
    asked: HashSet<NodeId>,
    answers: Vec<(NodeId, Bytes)>,
    complete: Arc<Notify>,
}

/// Whatever ends the wait, the question is closed.
pub(super) struct Asking<'a> {
    questions: &'a Questions,
    pub id: u64,
    /// Told when all have answered.
    pub complete: Arc<Notify>,
}

impl Questions {
    pub fn answer(&self, id: u64, from: NodeId, json: Bytes) {
        if let Some(question) = self.open.lock().get_mut(&id)
            && question.wait_no_more(from)
        {
            question.answers.push((from, json));
        }
    }

    /// The node has no clients any more, and will answer nothing.
    pub fn leave(&self, node: NodeId) {
        for question in self.open.lock().values_mut() {
            question.wait_no_more(node);
        }
    }

    /// How many are open.
    pub fn open(&self) -> usize {
        self.open.lock().len()
    }

    /// `None` if too many are open.
    pub fn begin(&self, asked: &[NodeId]) -> Option<Asking<'_>> {
        let mut open = self.open.lock();
        if open.len() >= MOST_OPEN {
            return None;
        }
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let question = open.entry(id).or_default();
        question.asked = asked.iter().copied().collect();
        Some(Asking { questions: self, id, complete: Arc::clone(&question.complete) })
    }
}

impl Open {
    /// Returns whether it was waited for.
    fn wait_no_more(&mut self, node: NodeId) -> bool {
        let was_asked = self.asked.remove(&node);
        if was_asked && self.asked.is_empty() {
            self.complete.notify_one();
        }
        was_asked
    }
}

impl Asking<'_> {
    /// The answers, and who is missing.
    pub fn end(self) -> (Vec<(NodeId, Bytes)>, Vec<NodeId>) {
        let Open { answers, asked, .. } = self.questions.open.lock().remove(&self.id).unwrap_or_default();
        (answers, asked.into_iter().collect())
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.questions.open.lock().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_complete_when_all_have_answered_or_left() {
        let questions = Questions::default();
        let asking = questions.begin(&[NodeId(1), NodeId(2), NodeId(3)]).unwrap();
        questions.answer(asking.id, NodeId(1), "1".into());
        questions.answer(asking.id, NodeId(1), "twice".into());
        questions.answer(asking.id, NodeId(9), "a stranger".into());
        questions.leave(NodeId(2));
        let (answers, missing) = asking.end();
        assert_eq!((answers, missing), (vec![(NodeId(1), "1".into())], vec![NodeId(3)]));
        assert!(questions.open.lock().is_empty());
    }

    #[test]
    fn no_more_are_open_than_may_be() {
        let questions = Questions::default();
        let mut open: Vec<_> = (0..MOST_OPEN).map(|_| questions.begin(&[NodeId(1)]).unwrap()).collect();
        assert!(questions.begin(&[NodeId(1)]).is_none());
        open.pop();
        assert!(questions.begin(&[NodeId(1)]).is_some());
    }
}
