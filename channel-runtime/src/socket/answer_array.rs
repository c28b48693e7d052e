//! The answers to the messages of one text, a batch, which leave in one array.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use crate::room::member::Member;
use crate::socket::node::Node;
use crate::socket::push::push_frame;
use crate::wire::frame::{Opcode, frame};

/// If more than this is gathered for a client, in bytes and in all arrays, the array that is appended to leaves at once: an answer
/// that is given late may hold back an array for long, and what it holds is in no outbox.
const MOST: usize = 64 * 1024;

/// Held by the batch while it is read, and by each of its messages that awaits an answer. It is sent when none of them holds it any
/// more, unless it is empty.
pub(crate) struct AnswerArray {
    node: Arc<Node>,
    member: Arc<Member>,
    /// Empty, or the array without its last bracket.
    gathered: Mutex<Vec<u8>>,
    in_all: Arc<AtomicUsize>,
}

impl AnswerArray {
    /// `in_all` counts the bytes of all arrays of this client.
    pub fn new(node: &Arc<Node>, member: &Arc<Member>, in_all: &Arc<AtomicUsize>) -> Arc<Self> {
        let (node, member, in_all) = (Arc::clone(node), Arc::clone(member), Arc::clone(in_all));
        Arc::new(Self { node, member, gathered: Mutex::default(), in_all })
    }

    pub fn append(&self, answer: &[u8]) {
        let mut gathered = self.gathered.lock();
        let before = if gathered.is_empty() { b'[' } else { b',' };
        gathered.push(before);
        gathered.extend_from_slice(answer);
        let added = 1 + answer.len();
        // Counted under the lock, before another thread may flush it.
        let in_all = self.in_all.fetch_add(added, Ordering::Relaxed) + added;
        drop(gathered);
        if in_all > MOST {
            self.flush();
        }
    }

    /// Sends what is gathered, before a close. What follows leaves in another array.
    pub fn flush(&self) {
        let mut array = std::mem::take(&mut *self.gathered.lock());
        if array.is_empty() {
            return;
        }
        self.in_all.fetch_sub(array.len(), Ordering::Relaxed);
        array.push(b']');
        push_frame(&self.node, &self.member, frame(Opcode::Text, &array));
    }
}

impl Drop for AnswerArray {
    fn drop(&mut self) {
        self.flush();
    }
}
