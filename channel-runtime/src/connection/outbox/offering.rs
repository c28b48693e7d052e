//! Volatile frames: pushed if the client takes them at this moment, and dropped if not.

use super::{Enqueued, Inner, Outbox, Sender, State};
use crate::wire::frame::Frame;

/// What may wait for a client that takes volatile frames, in bytes. A sixteenth of its bound if that is less.
const MOST_WAITING: usize = 64 * 1024;

impl Outbox {
    /// `None` if the frame was dropped. It never closes a slow client, and is cloned only for one that takes it.
    pub fn offer(&self, frame: &Frame, from: Sender) -> Option<Enqueued> {
        // Of many that stall, little is fetched from memory.
        if self.is_blocked() {
            return None;
        }
        let mut inner = self.inner.lock();
        let inner = &mut *inner;
        if inner.is_over() {
            return Some(Enqueued::Refused);
        }
        if !self.takes_now(inner, frame.len(), from) {
            return None;
        }
        Some(self.enqueue(inner, |queue| queue.push(frame.clone())))
    }

    fn takes_now(&self, inner: &Inner, bytes: usize, from: Sender) -> bool {
        let is_welcomed = from == Sender::Own || matches!(inner.state, State::Open);
        let waiting = inner.bytes();
        let most = MOST_WAITING.min(self.limit() / 16);
        // One that nothing waits beside goes in whatever its length, as any other.
        is_welcomed && inner.blocked.is_none() && (waiting == 0 || waiting + bytes <= most)
    }
}
