//! The one answer to a message: by what its handler returns, or later.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::Serialize;

use crate::channel::Channel;
use crate::connection::in_flight::Token;
use crate::connection::owed::OwedAnswer;
use crate::protocol::codec::{self, EncodeError, Head};
use crate::protocol::fault::Fault;
use crate::protocol::message::{Message, Messages, Ref};
use crate::room::member::Connection;
use crate::socket::Socket;
use crate::socket::frames::{fault_frame, timestamp};
use crate::socket::reply::{Flow, Reply};

/// An answer that comes later, from [`Socket::defer`]. Dropped without one, it tells a client that gave a `ref` `internal`.
#[must_use = "dropped without an answer, it tells a client that gave a `ref` `internal`"]
pub struct Answer<C: Channel> {
    /// With the message's claim; nothing once it is answered.
    socket: Option<Socket<C>>,
    _in_flight: Token,
}

impl<C: Channel> Answer<C> {
    pub(crate) fn new(socket: Socket<C>, in_flight: Token) -> Self {
        Self { socket: Some(socket), _in_flight: in_flight }
    }

    /// Answers with whatever a handler may return: a message, `Success`, a `Result` ..
    pub fn send(mut self, reply: impl Reply<C>) {
        if let Some(socket) = self.socket.take() {
            let _: Flow = reply.reply(&socket);
        }
    }

    /// Answers with an error frame.
    pub fn fault(self, fault: impl Into<Fault>) {
        self.send(Err::<(), Fault>(fault.into()));
    }
}

impl<C: Channel> Drop for Answer<C> {
    fn drop(&mut self) {
        // A message without a `ref` awaits nothing, and a claim that somebody else has is not ours.
        if let Some(socket) = self.socket.take().filter(Socket::awaits_answer) {
            socket.answer_fault(&Fault::internal("a deferred answer was dropped"));
        }
    }
}

impl<C: Channel> fmt::Debug for Answer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("channel", &C::NAME).finish_non_exhaustive()
    }
}

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
    fn has_ref(&self) -> bool {
        matches!(self, Self::Ref(_))
    }

    fn is_open(&self) -> bool {
        matches!(self, Self::Ref(claim) if claim.lock().is_some())
    }

    fn take(&self) -> Option<Open> {
        match self {
            Self::Ref(claim) => claim.lock().take(),
            Self::NoMessage | Self::NoRef => None,
        }
    }
}

/// What has been taken of a claim, while its answer is made. That is the user's code: where it panics there is no answer yet, and
/// whoever sees to the panic gives one.
struct Taken<'a> {
    claim: &'a Claim,
    open: Option<Open>,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if let (Claim::Ref(claim), Some(open)) = (self.claim, self.open.take()) {
            *claim.lock() = Some(open);
        }
    }
}

impl<C: 'static> Socket<C> {
    /// Whether the message that is being handled has a `ref` that nobody has answered.
    pub(crate) fn awaits_answer(&self) -> bool {
        self.claim().is_open()
    }

    /// Whether the message that is being handled has a `ref`, answered or not.
    pub(crate) fn has_reference(&self) -> bool {
        self.claim().has_ref()
    }

    /// A handler that returns nothing: a bare `success`, where the message awaits an answer.
    pub(crate) fn answer_nothing(&self) {
        if let Some(open) = self.claim().take() {
            let nothing: Option<(&(), &str)> = None;
            self.push_text(|json| codec::encode_success(nothing, head(Some(&open)), json));
        }
    }

    pub(crate) fn answer<M: Message>(&self, message: &M) {
        self.answer_with(|head, json| codec::encode(message, head, json));
    }

    pub(crate) fn answer_one_of<T: Messages>(&self, message: &T) {
        self.answer_with(|head, json| codec::encode_one_of(message, head, json));
    }

    /// A `success` with data. It says of itself only the `ref` that it answers: to a message without one, or whose answer somebody
    /// else has, it is not sent. What a hook or a notice returns answers nothing, and is sent.
    pub(crate) fn answer_success<T: Serialize>(&self, data: &T) {
        if !(matches!(self.claim(), Claim::NoMessage) || self.awaits_answer()) {
            return;
        }
        self.answer_with(|head, json| codec::encode_success(Some((data, &timestamp())), head, json));
    }

    pub(crate) fn answer_fault(&self, fault: &Fault) {
        self.counters().fault(fault);
        self.answer_with(|head, json| {
            codec::encode_fault(fault, &timestamp(), head, json);
            Ok(())
        });
    }

    /// The one answer; where it can't be encoded, an `internal` error in its place.
    fn answer_with(&self, write: impl FnOnce(Head<'_>, &mut Vec<u8>) -> Result<(), EncodeError>) {
        let mut taken = Taken { claim: self.claim(), open: self.claim().take() };
        let head = head(taken.open.as_ref());
        if let Err(error) = self.try_push_text(|json| write(head, json)) {
            let fault = Fault::internal(error);
            self.counters().fault(&fault);
            self.push_frame(fault_frame(&fault, head));
        }
        // Owed until it is sent.
        taken.open = None;
    }
}

fn head(open: Option<&Open>) -> Head<'_> {
    Head { reference: open.map(|open| &open.reference), room: None }
}
