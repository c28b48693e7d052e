//! What of a room's messages has still to be written, and for whom its senders wait: what the room and its flusher tell each
//! other, under the members' lock.

use std::sync::Arc;

use indexmap::IndexMap;
use tokio::runtime::Handle;

use super::Members;
use crate::connection::{Connection, ConnectionId};
use crate::flusher::{self, Due};
use crate::outbox::Pushed;
use crate::pace::Paced;

#[derive(Default)]
pub(super) struct Flushing {
    /// What the flusher has to see to.
    due: Due,
    /// Members that were far behind, some of which may have caught up since.
    laggards: IndexMap<ConnectionId, Arc<Connection>>,
    /// Senders that wait for those.
    held: Due,
    /// Somebody looks whether `held` can be released.
    is_waiting: bool,
    /// The room's flusher runs, and will look at `due` before it ends.
    is_flushing: bool,
}

impl Flushing {
    /// A member has been handed a frame.
    pub fn pushed(&mut self, member: &Arc<Connection>, pushed: Pushed) {
        match pushed {
            Pushed::Promised => self.due.members.push(Arc::clone(member)),
            Pushed::FarBehind => drop(self.laggards.entry(member.id).or_insert_with(|| Arc::clone(member))),
            Pushed::Waits | Pushed::Refused => {}
        }
    }

    /// All whom it is for have been; who sent it, and how many bytes it is. On which runtime a flusher has to be started, if one
    /// has.
    pub fn sent(&mut self, from: Option<&Paced>, bytes: usize) -> Option<Handle> {
        let mut flusher = None;
        // Where all members are blocked nothing can be written, but their senders have to be slowed.
        if !self.is_flushing && (!self.due.members.is_empty() || (from.is_some() && !self.laggards.is_empty())) {
            // A member's own runtime, not the sender's, which may be any thread's and not run any more.
            flusher =
                self.due.members.first().or(self.laggards.values().next()).and_then(|member| member.runtime.clone());
            self.is_flushing = flusher.is_some();
            if flusher.is_none() {
                self.due.abandon();
            }
        }
        if let Some(from) = from.filter(|_| self.is_flushing) {
            from.advance(bytes);
            match self.due.senders.last_mut() {
                Some((last, sent)) if last.is(from) => *sent += bytes,
                _ => self.due.senders.push((from.clone(), bytes)),
            }
        }
        flusher
    }

    /// A member leaves.
    pub fn forget(&mut self, id: ConnectionId) {
        self.laggards.swap_remove(&id);
    }

    /// Whether no member is far behind any more.
    fn has_caught_up(&mut self) -> bool {
        self.laggards.retain(|_, member| member.outbox.is_far_behind());
        self.laggards.is_empty()
    }
}

/// For the flusher, and for who waits for laggards beside it.
impl Members {
    /// Not under the lock: a runtime that is shutting down drops the flusher at once, and that takes the lock.
    pub(super) fn start(self: &Arc<Self>, flusher: Option<Handle>) {
        if let Some(runtime) = flusher {
            flusher::start(self, &runtime);
        }
    }

    /// What it has to see to.
    pub fn take_due(&self) -> Due {
        std::mem::take(&mut self.lock().flushing.due)
    }

    /// Whether it ends, for there is nothing more to see to.
    pub fn ends_flushing(&self) -> bool {
        let flushing = &mut self.lock().flushing;
        flushing.is_flushing = !flushing.due.is_empty();
        !flushing.is_flushing
    }

    /// What these sent has been passed on. They go on, unless a member is far behind: then they are held, and it is told where
    /// somebody has to begin to wait for that member.
    pub fn passed_on(&self, senders: Vec<(Paced, usize)>) -> bool {
        let flushing = &mut self.lock().flushing;
        let has_caught_up = flushing.has_caught_up();
        flushing.held.senders.extend(senders);
        if has_caught_up && !flushing.is_waiting {
            flushing.held.release();
            return false;
        }
        !std::mem::replace(&mut flushing.is_waiting, true)
    }

    /// Whether no member is far behind any more.
    pub fn has_caught_up(&self) -> bool {
        self.lock().flushing.has_caught_up()
    }

    /// Lets those who are held go on. Whether it has to be waited for more of them: there was somebody.
    pub fn release_held(&self) -> bool {
        let flushing = &mut self.lock().flushing;
        flushing.is_waiting = !flushing.held.is_empty();
        flushing.held.release();
        flushing.is_waiting
    }

    /// Nobody waits for laggards any more.
    pub fn stop_waiting(&self) {
        let flushing = &mut self.lock().flushing;
        flushing.is_waiting = false;
        flushing.held.release();
    }

    /// It was dropped, with its runtime or by a panic: the members' own tasks write.
    pub fn flusher_is_gone(&self) {
        let flushing = &mut self.lock().flushing;
        flushing.is_flushing = false;
        std::mem::take(&mut flushing.due).abandon();
    }
}
