//! The answers to the messages of one text, a batch, which leave in one array.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::room::member::Member;
use crate::socket::node::Node;
use crate::socket::push::push_frame;
use crate::wire::frame::{Opcode, frame};

/// Above this length, in bytes, what is gathered leaves as an array of its own.
const MOST: usize = 64 * 1024;

/// Held by the batch while it is read, and by each of its messages that awaits an answer. It is sent when the last of them lets it
/// go, unless it is empty.
pub(crate) struct AnswerArray {
    node: Arc<Node>,
    member: Arc<Member>,
    /// Empty, or the array without its last bracket.
    gathered: Mutex<Vec<u8>>,
}

impl AnswerArray {
    pub fn new(node: &Arc<Node>, member: &Arc<Member>) -> Arc<Self> {
        Arc::new(Self { node: Arc::clone(node), member: Arc::clone(member), gathered: Mutex::default() })
    }

    pub fn append(&self, answer: &[u8]) {
        let mut gathered = self.gathered.lock();
        let before = if gathered.is_empty() { b'[' } else { b',' };
        gathered.push(before);
        gathered.extend_from_slice(answer);
        if gathered.len() > MOST {
            let full = std::mem::take(&mut *gathered);
            drop(gathered);
            self.send(full);
        }
    }

    fn send(&self, mut array: Vec<u8>) {
        array.push(b']');
        push_frame(&self.node, &self.member, frame(Opcode::Text, &array));
    }
}

impl Drop for AnswerArray {
    fn drop(&mut self) {
        let gathered = std::mem::take(self.gathered.get_mut());
        if !gathered.is_empty() {
            self.send(gathered);
        }
    }
}
