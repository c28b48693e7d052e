//! An app's channels as data: what [`describe`](crate::Channels::describe) returns.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::type_description::{ContentDescription, TypeDefinition, TypeDescription};

/// All that travels between an app and its clients.
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
/// Channels stand in the order of `channels![..]`, messages, fields and variants in that of the source, definitions in that of
/// their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Description {
    /// Sixteen hexadecimal digits that are others when the wire is another: what a server says in the header
    /// `channels-fingerprint` of its handshake. Names and types on the wire are in it, their order and docs are not.
    pub fingerprint: String,
    /// The channels.
    pub channels: Vec<ChannelDescription>,
    /// What the types' names stand for.
    ///
    /// A generic type is defined once for each of its arguments, as `Page<Item>`; where two types have one name, both are here
    /// with their modules, `game::Piece`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub types: BTreeMap<String, TypeDefinition>,
}

/// A channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChannelDescription {
    /// The struct's name.
    pub name: String,
    /// The struct's documentation; empty where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// The path's pattern, `/game/:game_id`; it names the channel's own rooms too.
    pub path: String,
    /// The path's parameters, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<ParamDescription>,
    /// The declared kinds of room.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rooms: Vec<RoomDescription>,
    /// What clients say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from_client: Vec<MessageDescription>,
    /// What the channel says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to_client: Vec<MessageDescription>,
    /// Whether clients may send binary messages.
    #[serde(default)]
    pub binary_from_client: bool,
    /// Whether the channel may send binary messages.
    #[serde(default)]
    pub binary_to_client: bool,
    /// The hooks it has, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hooks: Vec<String>,
}

/// A parameter of a channel's path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ParamDescription {
    /// Its name, without the colon.
    pub name: String,
    /// The field's documentation; empty where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// Its type; in the path it is text.
    #[serde(rename = "type")]
    pub ty: TypeDescription,
}

/// A declared kind of room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RoomDescription {
    /// The key's type in snake case, with which the rooms' names begin.
    pub kind: String,
    /// The key; in the room's name it is text.
    pub key: TypeDescription,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MessageDescription {
    /// The value of its `"type"`.
    #[serde(rename = "type")]
    pub wire_type: String,
    /// The struct's documentation, or the handler's where it has no struct; empty where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// Its other keys.
    pub content: ContentDescription,
    /// What the handler answers; only for messages from clients. `None` where its return type does not tell: in a batch, where each
    /// message has an answer of its own, and where the answer is deferred without [a type](crate::Deferred).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<ReplyDescription>,
}

/// What a handler answers, as its return type tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReplyDescription {
    /// The types of the messages that it may be, each in the channel's `to_client`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<String>,
    /// The `data` of a `success`, where the handler returns one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success: Option<TypeDescription>,
    /// A binary message goes before the answer, which is a `success` without `data` then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub binary: bool,
    /// It may be nothing, which is a `success` without `data` where the message had a `ref`.
    pub nothing: bool,
    /// It may be an `error` of the handler's own.
    pub fails: bool,
}
