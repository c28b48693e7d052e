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

struct Open {
    asked: HashSet<NodeId>,
    answers: Vec<Bytes>,
    complete: Arc<Notify>,
}

/// Whatever ends the wait, the question is closed.
pub(super) struct Asking<'a> {
    questions: &'a Questions,
    pub id: u64,
}

impl Questions {
    pub fn answer(&self, id: u64, from: NodeId, json: Bytes) {
        let mut open = self.open.lock();
        let Some(question) = open.get_mut(&id) else { return };
        if question.asked.remove(&from) {
            question.answers.push(json);
            if question.asked.is_empty() {
                question.complete.notify_one();
            }
        }
    }

    pub fn begin(&self, asked: &[NodeId]) -> Option<(Asking<'_>, Arc<Notify>)> {
        let mut open = self.open.lock();
        if open.len() >= MOST_OPEN {
            return None;
        }
        let (id, complete) = (self.next.fetch_add(1, Ordering::Relaxed), Arc::new(Notify::new()));
        let asked = asked.iter().copied().collect();
        open.insert(id, Open { asked, answers: Vec::new(), complete: Arc::clone(&complete) });
        Some((Asking { questions: self, id }, complete))
    }
}

impl Asking<'_> {
    pub fn end(self) -> (Vec<Bytes>, Vec<NodeId>) {
        let ended = self.questions.open.lock().remove(&self.id);
        let (answers, asked) = ended.map(|open| (open.answers, open.asked)).unwrap_or_default();
        let mut missing: Vec<_> = asked.into_iter().collect();
        missing.sort_unstable();
        (answers, missing)
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.questions.open.lock().remove(&self.id);
    }
}
