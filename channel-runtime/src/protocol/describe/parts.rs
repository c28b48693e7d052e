//! The form of a channel and its parts, in constants: what the macros make and the lock's check reads.

use super::shape::{Content, Type};

/// A message.
#[derive(Clone, Copy, Debug)]
pub struct MessageShape {
    /// The value of its `"type"`.
    pub wire_type: &'static str,
    /// The documentation; empty where there is none.
    pub docs: &'static str,
    /// Its other keys.
    pub content: Content,
    /// How often a client may say it.
    pub rate: Option<RateShape>,
}

/// How often a client may say something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateShape {
    /// So many,
    pub count: u32,
    /// in so many seconds,
    pub seconds: u32,
    /// and so many at once.
    pub burst: u32,
    /// Over all connections of its user, not on each.
    pub per_user: bool,
}

impl MessageShape {
    /// A message without fields.
    pub const fn unit(wire_type: &'static str, docs: &'static str) -> Self {
        Self { wire_type, docs, content: Content::Fields { fields: &[], closed: false }, rate: None }
    }

    /// With a rate; that of a handler stands for that of the message.
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
    /// The documentation; empty where there is none.
    pub docs: &'static str,
    /// Its type; in the path it is text.
    pub ty: Type,
}

/// A declared kind of room.
#[derive(Clone, Copy, Debug)]
pub struct RoomShape {
    /// The key's type in snake case.
    pub kind: &'static str,
    /// What names a room of this kind.
    pub key: Type,
}

/// What a handler answers.
#[derive(Clone, Copy, Debug)]
pub struct AnswerShape {
    /// What it is.
    pub kind: AnswerKind,
    /// Or nothing.
    pub optional: bool,
    /// Or an error.
    pub fallible: bool,
}

impl AnswerShape {
    /// Where the type does not tell.
    pub const UNKNOWN: Self = Self { kind: AnswerKind::Unknown, optional: false, fallible: false };

    /// Where nothing is returned.
    pub const NOTHING: Self = Self::of(AnswerKind::Nothing);

    /// Always this.
    pub const fn of(kind: AnswerKind) -> Self {
        Self { kind, optional: false, fallible: false }
    }

    /// Of a handler that takes over its answer, by a call that has no type: its return type does not tell the answer.
    pub const fn deferred(self) -> Self {
        match self.kind {
            AnswerKind::Nothing => Self::UNKNOWN,
            _ => self,
        }
    }

    /// With the type of the data of a `Success`, which that type alone can't tell.
    pub const fn with_data(self, data: Type) -> Self {
        match self.kind {
            AnswerKind::Data(_) => Self { kind: AnswerKind::Data(Some(data)), ..self },
            _ => self,
        }
    }

    /// With the types of the messages in a `..ToClient`, which that type alone does not tell.
    pub const fn with_messages(self, types: &'static [&'static str]) -> Self {
        match self.kind {
            AnswerKind::Unknown => Self { kind: AnswerKind::OneOf(types), ..self },
            _ => self,
        }
    }
}

/// What a handler's return type says.
#[derive(Clone, Copy, Debug)]
pub enum AnswerKind {
    /// A plain `success`.
    Nothing,
    /// A message of this type.
    One(&'static str),
    /// A message of one of these types.
    OneOf(&'static [&'static str]),
    /// A `success` with data of this type, where it is known.
    Data(Option<Type>),
    /// A binary message, and a plain `success` behind it.
    Binary,
    /// Not from the return type.
    Unknown,
}

/// A channel.
#[cfg(feature = "server")]
#[derive(Clone, Copy, Debug)]
pub struct ChannelShape {
    /// Its name.
    pub name: &'static str,
    /// The documentation; empty where there is none.
    pub docs: &'static str,
    /// Its path.
    pub pattern: &'static str,
    /// The types of the path's parameters.
    pub params: &'static [Param],
    /// The declared kinds of room.
    pub rooms: &'static [RoomShape],
    /// What clients say.
    pub from_client: &'static [MessageShape],
    /// One for each message from clients, or none at all where all are [`NOTHING`](AnswerShape::NOTHING).
    pub answers: &'static [AnswerShape],
    /// What it says.
    pub to_client: &'static [MessageShape],
    /// Whether there is an `on_binary`.
    pub accepts_binary: bool,
    /// Whether `Bytes` are in `sends(..)`.
    pub sends_binary: bool,
    /// The names of the hooks that are there.
    pub hooks: &'static [&'static str],
    /// Without errors in its macros.
    pub is_whole: bool,
}
