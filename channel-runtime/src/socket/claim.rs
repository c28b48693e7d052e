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
    /// As `NoRef`, of a batch: its error goes into the array while that is not sent.
    NoRefOf(Weak<AnswerArray>),
    /// `None` once it is being answered, or has been.
    Ref(Arc<Mutex<Option<Open>>>),
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
        match reference {
            Some(reference) => Self::open(Open { reference, answers: Some(Arc::clone(answers)), _owed: None }),
            None => Self::NoRefOf(Arc::downgrade(answers)),
        }
    }

    fn open(open: Open) -> Self {
        Self::Ref(Arc::new(Mutex::new(Some(open))))
    }

    /// Moves the right to the returned claim, to answer after the handler's return.
    pub fn give_away(&self, member: &Arc<Member>) -> Self {
        let open = self.take().map(|open| Open { _owed: Some(OwedAnswer::of(member)), ..open });
        match self {
            Self::NoMessage => Self::NoMessage,
            Self::NoRefOf(answers) => Self::NoRefOf(Weak::clone(answers)),
            Self::NoRef | Self::Ref(_) => open.map_or(Self::NoRef, Self::open),
        }
    }

    pub fn has_ref(&self) -> bool {
        matches!(self, Self::Ref(_))
    }

    pub fn is_open(&self) -> bool {
        matches!(self, Self::Ref(claim) if claim.lock().is_some())
    }

    pub fn take(&self) -> Option<Open> {
        match self {
            Self::Ref(claim) => claim.lock().take(),
            Self::NoMessage | Self::NoRef | Self::NoRefOf(_) => None,
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
    pub fn answers(&self) -> Option<Arc<AnswerArray>> {
        match (&self.open, self.claim) {
            (Some(open), _) => open.answers.clone(),
            (None, Claim::NoRefOf(answers)) => answers.upgrade(),
            (None, _) => None,
        }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if let (Claim::Ref(claim), Some(open)) = (self.claim, self.open.take()) {
            *claim.lock() = Some(open);
        }
    }
}
