//! The form of a channel and its parts in constants, which the macros write and the lock's check reads.

use super::faults::{FaultKind, Faults, fault};
#[cfg(feature = "server")]
use super::needs::Needs;
use super::shape::{Content, Type};
use crate::protocol::const_text::{ConstText, same};
use crate::protocol::delivery::Delivery;
#[cfg(feature = "server")]
use crate::protocol::history::History;
use crate::protocol::kind::kind_of;
#[cfg(feature = "server")]
use crate::protocol::presence::PresenceBounds;
#[cfg(feature = "server")]
use crate::protocol::subprotocols::Subprotocols;

/// A message.
#[derive(Clone, Copy, Debug)]
pub struct MessageShape {
    /// The value of its `"type"`.
    pub wire_type: &'static str,
    /// The struct's name and a zero byte, if there is a struct; then the documentation. One text, because the compiler reads it in
    /// every build.
    pub about: &'static str,
    /// Its other keys.
    pub content: Content,
    /// How often a client may send it. `None` for no limit of its own.
    pub rate: Option<RateShape>,
    /// What it has that some envelopes keep for themselves. `None` if there is nothing.
    pub foreign: Option<Foreign>,
    /// The note of `#[deprecated]`. `None` if it is not deprecated.
    pub deprecated: Option<&'static str>,
    /// What a client answers to it. `None` if it is no question.
    pub answer: Option<Type>,
    /// Whether a client may say it again, and it is still handled once.
    pub idempotent: bool,
    /// How it is delivered to clients.
    pub delivery: Delivery,
}

/// The reserved names of a message, as starts of errors.
#[derive(Clone, Copy, Debug)]
pub struct Foreign {
    /// The first one, such as `` `Failed` has the type "error" ``.
    pub first: &'static str,
    /// `` `Failed` has the key "type" ``, or empty.
    pub type_key: &'static str,
}

/// What an envelope keeps for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Nothing: its own names are not beside those of a message.
    Nothing,
    /// The key `type`.
    TypeKey,
    /// The keys `type`, `ref` and `$..`, and the types `success`, `error` and `$..`.
    All,
}

/// How often a client may send a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateShape {
    pub count: u32,
    pub seconds: u32,
    /// How many may be sent at once.
    pub burst: u32,
    /// Whether it counts all connections of the user, not each connection.
    pub per_user: bool,
}

impl MessageShape {
    /// A message with this content.
    pub const fn new(wire_type: &'static str, about: &'static str, content: Content) -> Self {
        Self {
            wire_type,
            about,
            content,
            rate: None,
            foreign: None,
            deprecated: None,
            answer: None,
            idempotent: false,
            delivery: Delivery::Reliable,
        }
    }

    /// A message without fields.
    pub const fn unit(wire_type: &'static str, about: &'static str) -> Self {
        Self::new(wire_type, about, Content::Fields { fields: &[], closed: false })
    }

    /// Sets the note of `#[deprecated]`.
    #[must_use]
    pub const fn deprecated(self, note: &'static str) -> Self {
        Self { deprecated: Some(note), ..self }
    }

    /// Makes it volatile.
    #[must_use]
    pub const fn volatile(self) -> Self {
        Self { delivery: Delivery::Volatile, ..self }
    }

    /// Makes it `latest`. `every_ms` is 0 if there is none.
    #[must_use]
    pub const fn latest(self, key: Option<&'static str>, every_ms: u32) -> Self {
        self.delivered(Delivery::latest(key, every_ms))
    }

    /// Sets its class.
    #[must_use]
    pub const fn delivered(self, delivery: Delivery) -> Self {
        Self { delivery, ..self }
    }

    /// Sets what a client answers to it.
    #[must_use]
    pub const fn answered(self, answer: Type) -> Self {
        Self { answer: Some(answer), ..self }
    }

    /// Sets its reserved names.
    #[must_use]
    pub const fn foreign(self, first: &'static str, type_key: &'static str) -> Self {
        Self { foreign: Some(Foreign { first, type_key }), ..self }
    }

    /// Fails a constant if the message can't travel in the default envelope.
    #[track_caller]
    #[must_use]
    pub const fn flat(self) -> Self {
        self.within(Kept::All)
    }

    /// Fails a constant if the message has a name that the envelope keeps for itself.
    #[track_caller]
    #[must_use]
    pub const fn within(self, kept: Kept) -> Self {
        let Some(foreign) = self.foreign else { return self };
        let it_has = match kept {
            Kept::Nothing => "",
            Kept::TypeKey => foreign.type_key,
            Kept::All => foreign.first,
        };
        if !it_has.is_empty() {
            let text = ConstText::<512>::concat(&[
                it_has,
                ", which the channel's envelope keeps for itself\n\
                 rename it, or name the envelope that it travels in: `#[channel(envelope = ..)]` on the impl block",
            ]);
            panic!("{}", text.as_str());
        }
        self
    }

    /// Of a handler that is `idempotent`. Fails a constant if the message has no place for its `$id`.
    #[track_caller]
    #[must_use]
    pub const fn idempotent(self, is_flat: bool) -> Self {
        assert!(
            kind_of(self.wire_type).is_none(),
            "a binary message has no place for the `$id` by which one that is sent again is known\n\
             take `idempotent` away, or make it a text message"
        );
        assert!(
            is_flat,
            "the channel's envelope has no place for the `$id` by which a message that is sent again is known\n\
             take `idempotent` away, and give the message a field of your own that says the same"
        );
        Self { idempotent: true, ..self }
    }

    /// Sets the rate. A handler's rate replaces that of the message.
    #[must_use]
    pub const fn limited(self, count: u32, seconds: u32, burst: u32, per_user: bool) -> Self {
        Self { rate: Some(RateShape { count, seconds, burst, per_user }), ..self }
    }
}

/// A path's parameter.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// The documentation; empty if there is none.
    pub docs: &'static str,
    /// Its type; in the path it is text.
    pub ty: Type,
}

/// A declared kind of room.
#[derive(Clone, Copy, Debug)]
pub struct RoomShape {
    /// The key's type in snake case.
    pub kind: &'static str,
    /// The type of the key that names a room of this kind.
    pub key: Type,
}

/// What a handler answers.
#[derive(Clone, Copy, Debug)]
pub struct AnswerShape {
    /// The kind of answer.
    pub kind: AnswerKind,
    /// Whether there may be no answer.
    pub optional: bool,
    /// How many of its types are a `Result`: at most that many kinds of errors may be the answer.
    pub failures: usize,
    /// The faults of these. `None` if they are not known.
    pub faults: &'static [Option<Faults>],
}

impl AnswerShape {
    /// The answer is not known from the type.
    pub const UNKNOWN: Self = Self::of(AnswerKind::Unknown);

    /// The handler returns nothing.
    pub const NOTHING: Self = Self::of(AnswerKind::Nothing);

    /// An answer that is always of this kind.
    pub const fn of(kind: AnswerKind) -> Self {
        Self { kind, optional: false, failures: 0, faults: &[] }
    }

    /// The same answer, or an error.
    pub const fn or_fails(self) -> Self {
        Self { failures: self.failures + 1, ..self }
    }

    /// The same answer, without errors.
    pub const fn infallible(self) -> Self {
        Self { failures: 0, faults: &[], ..self }
    }

    /// Sets the faults of its errors, which the return type alone does not show.
    pub const fn with_faults(self, faults: &'static [Option<Faults>]) -> Self {
        Self { faults, ..self }
    }

    /// The answer to a message of a batch, whose handler returns the second. An error there is the answer to all the others.
    pub const fn in_batch(self, returned: Self) -> Self {
        Self { failures: self.failures + returned.failures, ..self }
    }

    /// Whether the answer may be a `success` without data.
    pub const fn may_be_nothing(&self) -> bool {
        self.optional
            || matches!(self.kind, AnswerKind::Nothing | AnswerKind::Binary | AnswerKind::Text | AnswerKind::Unknown)
    }

    /// Whether it may be a fault that is not known.
    pub const fn has_other_faults(&self) -> bool {
        let (mut known, mut at) = (0, 0);
        while at < self.faults.len() {
            if let Some(faults) = &self.faults[at] {
                if faults.has_others() {
                    return true;
                }
                known += 1;
            }
            at += 1;
        }
        self.failures > known
    }

    /// The known fault at this place. `None` behind the last one. Two errors may have the same fault.
    pub const fn fault(&self, index: usize) -> Option<FaultKind> {
        fault(self.faults, index)
    }

    /// Whether the fault at this place is also at an earlier one.
    pub const fn is_repeated(&self, index: usize) -> bool {
        // The faults of one error are not.
        if self.faults.len() < 2 {
            return false;
        }
        let Some(last) = self.fault(index) else { return false };
        let mut at = 0;
        while at < index {
            if let Some(fault) = self.fault(at)
                && same(fault.code, last.code)
            {
                return true;
            }
            at += 1;
        }
        false
    }

    /// The known faults, each once.
    pub fn each_fault(&self) -> impl Iterator<Item = FaultKind> {
        (0..)
            .map_while(|index| Some((index, self.fault(index)?)))
            .filter(|(index, _)| !self.is_repeated(*index))
            .map(|(_, fault)| fault)
    }

    /// The answer of a handler that defers it without a type. Its return type does not show the answer.
    pub const fn deferred(self) -> Self {
        match self.kind {
            AnswerKind::Nothing => Self::UNKNOWN,
            _ => self,
        }
    }

    /// Sets the type of the data of a `Success`, which the return type alone does not show.
    pub const fn with_data(self, data: Type) -> Self {
        match self.kind {
            AnswerKind::Data(_) => Self { kind: AnswerKind::Data(Some(data)), ..self },
            _ => self,
        }
    }

    /// Sets the types of the messages in a `..ToClient`, which the return type alone does not show.
    pub const fn with_messages(self, types: &'static [&'static str]) -> Self {
        match self.kind {
            AnswerKind::Unknown => Self { kind: AnswerKind::OneOf(types), ..self },
            _ => self,
        }
    }
}

/// The answer that a handler's return type declares.
#[derive(Clone, Copy, Debug)]
pub enum AnswerKind {
    /// A plain `success`; nothing if there is no `ref`, as in each binary message.
    Nothing,
    /// A message of this type.
    One(&'static str),
    /// A message of one of these types.
    OneOf(&'static [&'static str]),
    /// A `success` with data of this type. `None` if the type is not known.
    Data(Option<Type>),
    /// A binary message, followed by a plain `success` if there is a `ref`.
    Binary,
    /// A raw text, followed by a plain `success` if there is a `ref`.
    Text,
    /// Not known from the return type.
    Unknown,
}

/// An envelope that a channel names.
#[cfg(feature = "server")]
#[derive(Clone, Copy, Debug)]
pub struct EnvelopeShape {
    /// Its name.
    pub name: &'static str,
    /// Whether it has a place for answers and errors.
    pub answers: bool,
    /// Whether a frame can name a declared room.
    pub rooms: bool,
    /// Whether each frame names its room.
    pub topics: bool,
    /// Whether the server asks one question at a time. `None` if it can't ask.
    pub asks_one_by_one: Option<bool>,
    /// How many messages a text may hold, if it holds several. 0 if it can't.
    pub most_in_batch: usize,
}

/// What is told of who is present in a room.
#[cfg(feature = "server")]
#[derive(Clone, Copy, Debug)]
pub struct PresenceShape {
    /// What is seen of a connection.
    pub seen: Type,
    /// How it is told.
    pub bounds: PresenceBounds,
}

/// A channel.
#[cfg(feature = "server")]
#[derive(Clone, Copy, Debug)]
pub struct ChannelShape {
    /// Its name.
    pub name: &'static str,
    /// The documentation; empty if there is none.
    pub docs: &'static str,
    /// Its path.
    pub pattern: &'static str,
    /// The types of the path's parameters.
    pub params: &'static [Param],
    /// What its extractors need, each in the order of the fields.
    pub needs: &'static [Needs],
    /// The envelope. `None` for the default one.
    pub envelope: Option<EnvelopeShape>,
    /// The list of subprotocols.
    pub subprotocols: Subprotocols,
    /// The declared kinds of room.
    pub rooms: &'static [RoomShape],
    /// The bounds of the history of the path's room. `None` if nothing of it is kept.
    pub history: Option<History>,
    /// Those of the declared kinds of room that have one, by their kinds.
    pub histories: &'static [(&'static str, History)],
    /// What is seen of who is present in the path's room. `None` if that is not told.
    pub presence: Option<PresenceShape>,
    /// The messages that clients send.
    pub from_client: &'static [MessageShape],
    /// The answer to each message from clients; empty if all are [`NOTHING`](AnswerShape::NOTHING).
    pub answers: &'static [AnswerShape],
    /// How long the handler of the message at this place may wait, in milliseconds; `None` if that is not its own. A function,
    /// because the list of options is the session's.
    pub timeout_ms: fn(usize) -> Option<u64>,
    /// Whether each message from clients is handled in batches; empty if none is.
    pub batched: &'static [bool],
    /// The messages that clients receive.
    pub to_client: &'static [MessageShape],
    /// Whether the channel has an `on_text`.
    pub accepts_text: bool,
    /// Whether the channel may send raw text.
    pub sends_text: bool,
    /// Whether the channel has an `on_binary`.
    pub accepts_binary: bool,
    /// Whether the channel may send binary messages.
    pub sends_binary: bool,
    /// The names of the channel's hooks.
    pub hooks: &'static [&'static str],
    /// Whether the macros reported no error.
    pub is_whole: bool,
}
