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
    /// Also of a message in a batch without a `ref`.
    Ref(Arc<Claimed>),
}

pub(crate) struct Claimed {
    /// `None` once it is being answered, or has been.
    open: Mutex<Option<Open>>,
    batch: Option<Box<InBatch>>,
}

/// What the claim to a message in a batch has beside.
struct InBatch {
    /// Without one, only an error goes into the array, while that is not sent.
    has_ref: bool,
    /// Holds the array back until the message is answered.
    held: Mutex<Option<Arc<AnswerArray>>>,
    answers: Weak<AnswerArray>,
}

pub(crate) struct Open {
    reference: Ref,
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
        reference.map_or(Self::NoRef, |reference| Self::open(Open { reference, _owed: None }))
    }

    /// Of a message in a batch.
    pub fn among(reference: Option<Ref>, answers: &Arc<AnswerArray>) -> Self {
        let held = reference.is_some().then(|| Arc::clone(answers));
        let batch = InBatch { has_ref: reference.is_some(), held: Mutex::new(held), answers: Arc::downgrade(answers) };
        let open = reference.map(|reference| Open { reference, _owed: None });
        Self::Ref(Arc::new(Claimed { open: Mutex::new(open), batch: Some(Box::new(batch)) }))
    }

    fn open(open: Open) -> Self {
        Self::Ref(Arc::new(Claimed { open: Mutex::new(Some(open)), batch: None }))
    }

    fn batch(&self) -> Option<&InBatch> {
        match self {
            Self::Ref(claim) => claim.batch.as_deref(),
            Self::NoMessage | Self::NoRef => None,
        }
    }

    /// Moves the right to the returned claim, to answer after the handler's return.
    pub fn give_away(&self, member: &Arc<Member>) -> Self {
        let open = self.take().map(|open| Open { _owed: Some(OwedAnswer::of(member)), ..open });
        match (self, self.batch()) {
            (_, Some(InBatch { has_ref, held, answers })) => {
                let held = Mutex::new(held.lock().take());
                let batch = InBatch { has_ref: *has_ref, held, answers: Weak::clone(answers) };
                Self::Ref(Arc::new(Claimed { open: Mutex::new(open), batch: Some(Box::new(batch)) }))
            }
            (Self::NoMessage, None) => Self::NoMessage,
            (Self::NoRef | Self::Ref(_), None) => open.map_or(Self::NoRef, Self::open),
        }
    }

    pub fn has_ref(&self) -> bool {
        matches!(self, Self::Ref(_)) && self.batch().is_none_or(|batch| batch.has_ref)
    }

    pub fn is_open(&self) -> bool {
        matches!(self, Self::Ref(claim) if claim.open.lock().is_some())
    }

    pub fn take(&self) -> Option<Open> {
        match self {
            Self::Ref(claim) => claim.open.lock().take(),
            Self::NoMessage | Self::NoRef => None,
        }
    }

    /// Sends the answers of the batch that are given already: before a close, after which nothing is sent.
    pub fn flush_batch(&self) {
        if let Some(answers) = self.batch().and_then(|batch| batch.answers.upgrade()) {
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
        let batch = self.claim.batch()?;
        (self.open.is_some() || is_fault).then(|| batch.answers.upgrade()).flatten()
    }

    /// The answer is in its array, which is not held back any more.
    pub fn release_array(&self) {
        if let Some(batch) = self.claim.batch() {
            drop(batch.held.lock().take());
        }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if let (Claim::Ref(claim), Some(open)) = (self.claim, self.open.take()) {
            *claim.open.lock() = Some(open);
        }
    }
}
