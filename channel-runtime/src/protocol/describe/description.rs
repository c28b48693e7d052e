//! The description of an app's wire as data, which [`describe`](crate::Channels::describe) returns.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::type_description::{ContentDescription, TypeDefinition, TypeDescription};

/// Everything that travels between an app and its clients.
///
/// ```
/// # #[cfg(feature = "server")] {
/// # use channel_runtime::{channel, channels, message};
/// #[message(type = "say")]
/// pub struct Say { text: String }
///
/// #[channel("/chat/:room")]
/// pub struct Chat { room: String }
///
/// #[channel]
/// impl Chat {
///     #[message]
///     fn say(&mut self, say: Say) {}
/// }
///
/// let description = channels![Chat].app(()).describe();
/// let say = &description.channels[0].from_client[0];
/// assert_eq!(say.wire_type, "say");
///
/// let json = serde_json::to_string(&description).unwrap();
/// assert_eq!(description, serde_json::from_str(&json).unwrap());
/// # }
/// ```
///
/// Channels are in the order of `channels![..]`; messages, fields and variants in source order; definitions in the order of names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Description {
    /// Sixteen hexadecimal digits that change if the wire changes. A server sends them in the header `channels-fingerprint` of its
    /// handshake. They cover the names and types on the wire, but neither their order nor the docs.
    pub fingerprint: String,
    /// The channels.
    pub channels: Vec<ChannelDescription>,
    /// The definitions of the named types. A generic type has one for each of its arguments, such as `Page<Item>`. If two types
    /// have the same name, both are here with their modules, such as `game::Piece`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub types: BTreeMap<String, TypeDefinition>,
}

/// A channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChannelDescription {
    /// The struct's name.
    pub name: String,
    /// The struct's documentation; empty if there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// The path's pattern, such as `/game/:game_id`. It also names the channel's own rooms.
    pub path: String,
    /// As [`Description::fingerprint`], of this channel and the types in it alone: a change of another channel leaves it. Empty if
    /// the description was written by version 0.1.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fingerprint: String,
    /// What its extractors read from the handshake, as far as they [declare it](crate::Extract::NEEDS).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<NeedDescription>,
    /// The path's parameters, in the order of the path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<ParamDescription>,
    /// The envelope in which the messages stand. `None` for the framework's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub envelope: Option<EnvelopeDescription>,
    /// The list `subprotocols(..)`. `None` if the channel has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subprotocols: Option<SubprotocolsDescription>,
    /// The declared kinds of room.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rooms: Vec<RoomDescription>,
    /// What is kept of the path's own rooms for clients that come back. `None` for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<HistoryDescription>,
    /// What is told of who is present in the path's own rooms. `None` for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence: Option<PresenceDescription>,
    /// The messages that clients send.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from_client: Vec<MessageDescription>,
    /// The messages that clients receive.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to_client: Vec<MessageDescription>,
    /// Whether clients send raw text, and no messages.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub text_from_client: bool,
    /// Whether the channel may send raw text.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub text_to_client: bool,
    /// Whether clients may send binary messages that are none of `from_client`.
    #[serde(default)]
    pub binary_from_client: bool,
    /// Whether the channel may send binary messages that are none of `to_client`.
    #[serde(default)]
    pub binary_to_client: bool,
    /// The names of the channel's hooks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hooks: Vec<String>,
}

impl ChannelDescription {
    /// Whether anything of any of its rooms is kept.
    #[cfg(feature = "contract")]
    pub(crate) fn keeps_history(&self) -> bool {
        self.history.is_some() || self.rooms.iter().any(|room| room.history.is_some())
    }
}

/// A parameter of a channel's path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ParamDescription {
    /// Its name, without the colon.
    pub name: String,
    /// The field's documentation; empty if there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// Its type, as JSON has it in messages.
    #[serde(rename = "type")]
    pub ty: TypeDescription,
    /// What its text in the path is read as: an integer, another number, a boolean, or any text. A newtype is taken to be shown as
    /// what is in it; an enum, and a struct with several fields, is any text, because its `Display` is not known.
    #[serde(default = "any_text")]
    pub text: TypeDescription,
}

fn any_text() -> TypeDescription {
    TypeDescription::Text { format: None }
}

/// What a channel reads from the handshake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NeedDescription {
    /// Its name. `None` for a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it stands.
    pub place: PlaceDescription,
    /// Whether a client without it is refused.
    pub required: bool,
}

/// Where something stands in a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PlaceDescription {
    /// The token, which a client sends in one of [several ways](crate::Token).
    Token,
    /// A parameter of the query.
    Query,
    /// A header.
    Header,
}

/// An [`Envelope`](crate::Envelope) that a channel names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EnvelopeDescription {
    /// Its name, such as `jsonrpc2`. The fingerprint has it, and not the places.
    pub name: String,
    /// What it has a place for beside messages.
    pub places: PlacesDescription,
}

/// What an envelope has a place for beside messages, as [`Places`](crate::envelope::Places) declares it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlacesDescription {
    /// Whether it has a place for answers and errors.
    pub answers: bool,
    /// Whether a frame can name a declared room.
    pub rooms: bool,
    /// Whether each frame names its room.
    pub topics: bool,
    /// How the server may ask its clients. `None` if it can't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub questions: Option<AsksDescription>,
    /// How many messages a text may hold, if it holds several. 0 if it can't.
    pub batches: usize,
}

/// How many questions of the server a client answers at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AsksDescription {
    /// Any number.
    Many,
    /// One.
    OneByOne,
}

/// The subprotocols of a channel, and what happens to a client that offers none of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SubprotocolsDescription {
    /// The names, as clients offer them. A channel also knows `channels.1.json`, which is not listed, unless it takes raw text.
    pub names: Vec<String>,
    /// Whether a client is refused that offers none of them, nor `channels.1.json` to a channel that knows it.
    pub required: bool,
    /// The code with which it is closed then. `None` if it is answered 400.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close: Option<u16>,
}

/// A declared kind of room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RoomDescription {
    /// The key's type in snake case. The names of the rooms start with it.
    pub kind: String,
    /// The key; in the room's name it is text.
    pub key: TypeDescription,
    /// What is kept of these rooms for clients that come back. `None` for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<HistoryDescription>,
}

/// How much of what was sent to a room is kept. At each bound the oldest messages are let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HistoryDescription {
    /// So many messages,
    pub size: u64,
    /// so many bytes in their frames,
    pub bytes: u64,
    /// and each for so many milliseconds.
    pub age_ms: u64,
    /// How many of the newest are sent to a client that comes fresh.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub recent: u64,
}

/// What is told of who is present in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PresenceDescription {
    /// What is seen of a connection: an object, beside whose fields stands the `id`.
    pub seen: TypeDescription,
    /// How long a user whose connection was lost is still present, in milliseconds.
    pub grace_ms: u64,
    /// The least time between two frames, in milliseconds.
    pub every_ms: u64,
    /// With more connections than this their number alone is told.
    pub diffs_up_to: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MessageDescription {
    /// The value of its `"type"`; for a binary message a name such as `(binary 1) pixel`.
    #[serde(rename = "type")]
    pub wire_type: String,
    /// The struct's name, such as `Move`. A message without a struct has its type in the same case: `LeaveGame` for `leave_game`.
    /// Empty if the description was written by version 0.1.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The first byte of a binary message. `None` for a text message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<u8>,
    /// The documentation of the struct, or of the handler if there is no struct; empty if there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// Its other keys; for a binary message what its codec reads and writes, opaque if it has none.
    pub content: ContentDescription,
    /// The answer of the handler, for messages from clients. `None` if the return type does not declare it: in a batch, where each
    /// message has its own answer, and if the answer is deferred without [a type](crate::Deferred).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<ReplyDescription>,
    /// How often a client may send it. `None` for no limit of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<RateDescription>,
    /// How long its handler may wait, in milliseconds. `None` if [`Config`](crate::Config) decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Whether a handler takes it in batches.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub batch: bool,
    /// Whether a client may send it again with the same `$id`, and it is handled once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub idempotent: bool,
    /// How it is delivered, for messages to clients. Clients send reliable ones alone.
    #[serde(default, skip_serializing_if = "DeliveryDescription::is_reliable")]
    pub delivery: DeliveryDescription,
    /// The note of `#[deprecated]`, which may be empty. `None` if it is not deprecated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<String>,
    /// What a client answers to this message. `None` if it is no question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<TypeDescription>,
}

/// How a message is delivered to clients.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeliveryDescription {
    /// Each client is sent it, in order.
    #[default]
    Reliable,
    /// Each client is sent it now, or not at all.
    Volatile,
    /// Each client is sent the newest one of each key.
    #[non_exhaustive]
    Latest {
        /// The key on the wire of the field by whose values they are apart. `None` if there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
        /// The least time between two of a key, in milliseconds. `None` if there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        every_ms: Option<u32>,
    },
}

impl DeliveryDescription {
    fn is_reliable(&self) -> bool {
        *self == Self::Reliable
    }

    /// As in a lock. `None` if it is reliable.
    #[cfg(feature = "contract")]
    pub(crate) fn class(&self) -> Option<String> {
        match self {
            Self::Reliable => None,
            Self::Volatile => Some("volatile".to_owned()),
            Self::Latest { key, every_ms } => {
                let key = key.as_ref().map(|key| format!("({key})")).unwrap_or_default();
                let every = every_ms.map(|ms| format!(" every {ms}ms")).unwrap_or_default();
                Some(format!("latest{key}{every}"))
            }
        }
    }
}

/// How often a client may send a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RateDescription {
    /// So many messages
    pub count: u32,
    /// in so many seconds.
    pub seconds: u32,
    /// How many may be sent at once.
    pub burst: u32,
    /// Whether the messages of all connections of a user count together.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub per_user: bool,
}

/// The answer of a handler, as its return type declares it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReplyDescription {
    /// The types of the messages that the answer may be, each in the channel's `to_client`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<String>,
    /// The `data` of a `success`. `None` if the handler returns none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success: Option<TypeDescription>,
    /// Whether a binary message is or may be sent. A message with a `ref` is then also answered by a `success` without `data`; to a
    /// binary message nothing else is sent. If it is one of `messages`, its kind says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub binary: bool,
    /// Whether a raw text is sent. A message with a `ref` is then also answered by a `success` without `data`; to a binary message
    /// nothing else is sent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub text: bool,
    /// Whether the handler may return nothing. A message with a `ref` is then answered by a `success` without `data`; a message
    /// without one, such as each binary message, is not answered.
    pub nothing: bool,
    /// The faults with which the handler may answer, as its error type [declares](derive@crate::Fault) them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FaultDescription>,
    /// Whether the handler may answer with faults whose codes are not known: its error is a plain [`Fault`](struct@crate::Fault), or
    /// a type that becomes one by hand. The framework's own codes, such as `timeout`, may always be answered and are in neither.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub other_faults: bool,
}

/// A fault with which a handler may answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FaultDescription {
    /// The code, such as `bid.too_low`.
    pub code: String,
    /// The message as it is declared, with placeholders for the fields: `bid {least} or more`.
    pub message: String,
    /// The documentation of the variant; empty if there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// The keys of the details. `None` if there are no details.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<ContentDescription>,
}
