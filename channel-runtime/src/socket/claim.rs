//! The right to give the one answer to a message.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::connection::owed::OwedAnswer;
use crate::protocol::codec::Head;
use crate::protocol::message::Ref;
use crate::room::member::Connection;

/// The right to answer a message.
#[derive(Clone, Default)]
pub(crate) enum Claim {
    /// No message is being handled: this is the turn of a hook or a notice.
    #[default]
    NoMessage,
    /// The message has no `ref`, so that no answer to it can be told from any other frame.
    NoRef,
    /// The message has a `ref`; `None` once somebody has taken it to answer.
    Ref(Arc<Mutex<Option<Open>>>),
}

/// A claim that nobody has answered.
pub(crate) struct Open {
    reference: Ref,
    /// Where it is answered later: the connection does not end before.
    _owed: Option<OwedAnswer>,
}

impl Open {
    pub fn head(&self) -> Head<'_> {
        Head { reference: Some(&self.reference), room: None }
    }
}

impl Claim {
    /// That of a message with this `ref`.
    pub fn of(reference: Option<Ref>) -> Self {
        reference.map_or(Self::NoRef, |reference| Self::open(Open { reference, _owed: None }))
    }

    fn open(open: Open) -> Self {
        Self::Ref(Arc::new(Mutex::new(Some(open))))
    }

    /// The same, to be answered later; this one is none any more.
    pub fn give_away(&self, connection: &Arc<Connection>) -> Self {
        let open = self.take().map(|open| Open { _owed: Some(OwedAnswer::of(connection)), ..open });
        match self {
            Self::NoMessage => Self::NoMessage,
            Self::NoRef | Self::Ref(_) => open.map_or(Self::NoRef, Self::open),
        }
    }

    /// Whether there is, or was, a `ref`.
    pub fn has_ref(&self) -> bool {
        matches!(self, Self::Ref(_))
    }

    pub fn is_open(&self) -> bool {
        matches!(self, Self::Ref(claim) if claim.lock().is_some())
    }

    pub fn take(&self) -> Option<Open> {
        match self {
            Self::Ref(claim) => claim.lock().take(),
            Self::NoMessage | Self::NoRef => None,
        }
    }
}

/// What has been taken of a claim, while its answer is made. That is the user's code: where it panics there is no answer yet, and
/// whoever sees to the panic gives one.
pub(super) struct Taken<'a> {
    claim: &'a Claim,
    pub open: Option<Open>,
}

impl<'a> Taken<'a> {
    pub fn of(claim: &'a Claim) -> Self {
        Self { claim, open: claim.take() }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if let (Claim::Ref(claim), Some(open)) = (self.claim, self.open.take()) {
            *claim.lock() = Some(open);
        }
    }
}
