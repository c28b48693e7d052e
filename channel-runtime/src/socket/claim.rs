//! The right to give the one answer to a message.

use std::sync::{Arc, Weak};

use bytes::Bytes;
use parking_lot::Mutex;

use crate::protocol::codec::Head;
use crate::protocol::message::Ref;
use crate::room::member::Member;
use crate::room::owed_answer::OwedAnswer;
use crate::socket::answer_array::AnswerArray;
use crate::socket::handled_once::HandledOnce;
use crate::wire::frame::Opcode;

#[derive(Clone, Default)]
pub(crate) enum Claim {
    #[default]
    NoMessage,
    /// The answer looks like any other frame.
    NoRef,
    /// Also without a `ref`, of a message in a batch, and of one whose answer is kept.
    Ref(Arc<Claimed>),
}

pub(crate) struct Claimed {
    /// `None` once it is being answered, or has been.
    open: Mutex<Option<Open>>,
    beside: Option<Box<Beside>>,
}

/// No envelope has a place for both.
enum Beside {
    Batch(InBatch),
    Once(Once),
}

/// What the claim to a message in a batch has beside.
struct InBatch {
    /// Without one, only an error goes into the array, while that is not sent.
    has_ref: bool,
    /// Holds the array back until the message is answered.
    held: Mutex<Option<Arc<AnswerArray>>>,
    answers: Weak<AnswerArray>,
}

/// What the claim to a message that is handled once has beside.
struct Once {
    has_ref: bool,
    /// `None` once the answer is kept, or given away.
    handled: Mutex<Option<Box<HandledOnce>>>,
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
        Self::with(open, Beside::Batch(batch))
    }

    /// Moves the right to the returned claim, whose answer is kept.
    pub fn once(&self, handled: HandledOnce) -> Self {
        let once = Once { has_ref: self.has_ref(), handled: Mutex::new(Some(Box::new(handled))) };
        Self::with(self.take(), Beside::Once(once))
    }

    fn open(open: Open) -> Self {
        Self::Ref(Arc::new(Claimed { open: Mutex::new(Some(open)), beside: None }))
    }

    fn with(open: Option<Open>, beside: Beside) -> Self {
        Self::Ref(Arc::new(Claimed { open: Mutex::new(open), beside: Some(Box::new(beside)) }))
    }

    fn beside(&self) -> Option<&Beside> {
        match self {
            Self::Ref(claim) => claim.beside.as_deref(),
            Self::NoMessage | Self::NoRef => None,
        }
    }

    fn batch(&self) -> Option<&InBatch> {
        match self.beside()? {
            Beside::Batch(batch) => Some(batch),
            Beside::Once(_) => None,
        }
    }

    /// Moves the right to the returned claim, to answer after the handler's return.
    pub fn give_away(&self, member: &Arc<Member>) -> Self {
        let open = self.take().map(|open| Open { _owed: Some(OwedAnswer::of(member)), ..open });
        match (self, self.beside()) {
            (_, Some(Beside::Batch(InBatch { has_ref, held, answers }))) => {
                let held = Mutex::new(held.lock().take());
                let batch = InBatch { has_ref: *has_ref, held, answers: Weak::clone(answers) };
                Self::with(open, Beside::Batch(batch))
            }
            (_, Some(Beside::Once(Once { has_ref, handled }))) => {
                let handled = Mutex::new(handled.lock().take());
                Self::with(open, Beside::Once(Once { has_ref: *has_ref, handled }))
            }
            (Self::NoMessage, None) => Self::NoMessage,
            (Self::NoRef | Self::Ref(_), None) => open.map_or(Self::NoRef, Self::open),
        }
    }

    pub fn has_ref(&self) -> bool {
        let has_ref = match self.beside() {
            Some(Beside::Batch(batch)) => batch.has_ref,
            Some(Beside::Once(once)) => once.has_ref,
            None => true,
        };
        has_ref && matches!(self, Self::Ref(_))
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

    /// Whether an answer is to be kept, and none is yet.
    pub fn is_kept(&self) -> bool {
        self.once_of().is_some_and(|once| once.handled.lock().is_some())
    }

    pub fn take_handled(&self) -> Option<Box<HandledOnce>> {
        self.once_of()?.handled.lock().take()
    }

    /// Keeps what is sent before the answer.
    pub fn keep_before(&self, opcode: Opcode, data: &[u8]) {
        let Some(once) = self.once_of() else { return };
        if let Some(handled) = &mut *once.handled.lock() {
            handled.put_before(opcode, Bytes::copy_from_slice(data));
        }
    }

    fn once_of(&self) -> Option<&Once> {
        match self.beside()? {
            Beside::Once(once) => Some(once),
            Beside::Batch(_) => None,
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
    /// `None` if no answer is to be kept.
    pub handled: Option<Box<HandledOnce>>,
}

impl<'a> Taken<'a> {
    pub fn of(claim: &'a Claim) -> Self {
        Self { claim, open: claim.take(), handled: None }
    }

    /// With the right to keep the answer, if the claim has it.
    pub fn and_handled(mut self) -> Self {
        self.handled = self.claim.take_handled();
        self
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

    #[cold]
    fn put_back(&mut self) {
        if let (Claim::Ref(claim), Some(open)) = (self.claim, self.open.take()) {
            *claim.open.lock() = Some(open);
        }
        if let (Some(once), Some(handled)) = (self.claim.once_of(), self.handled.take()) {
            *once.handled.lock() = Some(handled);
        }
    }
}

impl Drop for Taken<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.open.is_some() || self.handled.is_some() {
            self.put_back();
        }
    }
}
