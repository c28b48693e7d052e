//! The right to give the one answer to a message.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use crate::protocol::codec::Head;
use crate::protocol::message::Ref;
use crate::room::member::Member;
use crate::room::owed_answer::OwedAnswer;
use crate::socket::answer_array::AnswerArray;

#[derive(Clone, Default)]
pub(crate) enum Claim {
    #[default]
    NoMessage,
    /// The answer looks like any other frame.
    NoRef,
    /// `None` once it is being answered, or has been.
    Ref(Arc<Mutex<Option<Open>>>),
    Batched(Arc<BatchedClaim>),
}

/// The claim to the answer to a message in a batch.
pub(crate) struct BatchedClaim {
    /// `None` if the message has no `ref`: then only an error goes into the array, while that is not sent.
    open: Option<Mutex<Option<Open>>>,
    answers: Weak<AnswerArray>,
}

pub(crate) struct Open {
    reference: Ref,
    /// Of a message in a batch.
    answers: Option<Arc<AnswerArray>>,
    /// Keeps the connection open for an answer after the handler's return.
    _owed: Option<OwedAnswer>,
}

impl Open {
    pub fn head(&self) -> Head<'_> {
        Head { reference: Some(&self.reference), room: None }
    }
}

impl Claim {
    pub fn of(reference: Option<Ref>) -> Self {
        reference.map_or(Self::NoRef, |reference| Self::open(Open { reference, answers: None, _owed: None }))
    }

    /// Of a message in a batch.
    pub fn among(reference: Option<Ref>, answers: &Arc<AnswerArray>) -> Self {
        let open = reference.map(|reference| Open { reference, answers: Some(Arc::clone(answers)), _owed: None });
        Self::batched(open, Arc::downgrade(answers))
    }

    fn batched(open: Option<Open>, answers: Weak<AnswerArray>) -> Self {
        Self::Batched(Arc::new(BatchedClaim { open: open.map(|open| Mutex::new(Some(open))), answers }))
    }

    fn open(open: Open) -> Self {
        Self::Ref(Arc::new(Mutex::new(Some(open))))
    }

    /// Moves the right to the returned claim, to answer after the handler's return.
    pub fn give_away(&self, member: &Arc<Member>) -> Self {
        let open = self.take().map(|open| Open { _owed: Some(OwedAnswer::of(member)), ..open });
        match self {
            Self::NoMessage => Self::NoMessage,
            Self::Batched(claim) => Self::batched(open, Weak::clone(&claim.answers)),
            Self::NoRef | Self::Ref(_) => open.map_or(Self::NoRef, Self::open),
        }
    }

    fn place(&self) -> Option<&Mutex<Option<Open>>> {
        match self {
            Self::Ref(claim) => Some(claim),
            Self::Batched(claim) => claim.open.as_ref(),
            Self::NoMessage | Self::NoRef => None,
        }
    }

    pub fn has_ref(&self) -> bool {
        self.place().is_some()
    }

    pub fn is_open(&self) -> bool {
        self.place().is_some_and(|claim| claim.lock().is_some())
    }

    pub fn take(&self) -> Option<Open> {
        self.place()?.lock().take()
    }

    /// Sends the answers of the batch that are given already: before a close, after which nothing is sent.
    pub fn flush_batch(&self) {
        if let Self::Batched(claim) = self
            && let Some(answers) = claim.answers.upgrade()
        {
            answers.flush();
        }
    }
}

/// A claim while the user's code encodes its answer. If that panics, the claim is open again, for the panic's error frame.
pub(super) struct Taken<'a> {
    claim: &'a Claim,
    pub open: Option<Open>,
}

impl<'a> Taken<'a> {
    pub fn of(claim: &'a Claim) -> Self {
        Self { claim, open: claim.take() }
    }

    /// The array that the answer goes into. `None` if it is a frame of its own.
    pub fn answers(&self, is_fault: bool) -> Option<Arc<AnswerArray>> {
        match (&self.open, self.claim) {
            (Some(open), _) => open.answers.clone(),
            (None, Claim::Batched(claim)) if is_fault => claim.answers.upgrade(),
            (None, _) => None,
        }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if let (Some(claim), Some(open)) = (self.claim.place(), self.open.take()) {
            *claim.lock() = Some(open);
        }
    }
}
