//! The one answer to a message, however often that is said: given to those who wait for it, and to all who ask later.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::protocol::fault::Fault;
use crate::socket::kept_answer::KeptAnswer;

/// How many may wait, of one message.
const MOST_WAITING: usize = 16;

/// A message that is said again.
pub(crate) trait SaidAgain: Send {
    /// `answer` was given to the first.
    fn answer(self: Box<Self>, answer: &KeptAnswer);

    /// Too many wait already.
    fn refuse(self: Box<Self>);
}

pub(crate) struct OneAnswer(Mutex<State>);

enum State {
    /// The message is handled, or its answer is deferred.
    Awaited(Vec<Box<dyn SaidAgain>>),
    Given(Arc<KeptAnswer>),
    /// The message was answered, and there is no space for the answer.
    NotKept,
}

impl Default for OneAnswer {
    fn default() -> Self {
        Self(Mutex::new(State::Awaited(Vec::new())))
    }
}

impl OneAnswer {
    pub fn is_given(&self) -> bool {
        !matches!(*self.0.lock(), State::Awaited(_))
    }

    /// Answers it, now or once the first is answered.
    pub fn answer(&self, again: Box<dyn SaidAgain>) {
        let given = match &mut *self.0.lock() {
            State::Awaited(waiting) if waiting.len() < MOST_WAITING => return waiting.push(again),
            State::Awaited(_) => None,
            State::Given(answer) => Some(Arc::clone(answer)),
            State::NotKept => Some(Arc::new(not_kept())),
        };
        match given {
            Some(answer) => again.answer(&answer),
            None => again.refuse(),
        }
    }

    /// `None` if the answer is not kept. Returns those who wait.
    pub fn give(&self, kept: Option<Arc<KeptAnswer>>) -> Vec<Box<dyn SaidAgain>> {
        let given = kept.map_or(State::NotKept, State::Given);
        match std::mem::replace(&mut *self.0.lock(), given) {
            State::Awaited(waiting) => waiting,
            State::Given(_) | State::NotKept => Vec::new(),
        }
    }

    /// Of a message that was answered. It is known from now on that it was handled, and not what the answer was.
    pub fn forget(&self) {
        *self.0.lock() = State::NotKept;
    }
}

fn not_kept() -> KeptAnswer {
    KeptAnswer::of_fault(Fault::UNAVAILABLE, "it was handled, and its answer is not kept")
}
