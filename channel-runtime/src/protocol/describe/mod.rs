//! An app's wire as data: its channels, their messages and the types in them.
//!
//! [`Channels::describe`](crate::Channels::describe) returns a [`Description`] of an app: every channel with its path, every
//! message with its fields, and a definition of every named type, as a generator of JSON Schema, AsyncAPI or clients needs them.
//! The compiler uses it too: a [lock file](macro@crate::channels#the-lock) makes a change of the wire an error until accepted.
//!
//! # Types
//!
//! `#[message]` describes its fields by itself. The type of a field is described by [`Describe`]. The types of the standard library
//! implement it. So do the types of popular crates, with the features `chrono`, `indexmap`, `rust_decimal`, `url` and `uuid`. Your
//! own types derive it beside serde's traits:
//!
//! ```
//! use channel_runtime::describe::Describe;
//! use channel_runtime::message;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize, Describe)]
//! #[serde(rename_all = "lowercase")]
//! pub enum Piece { Man, King }
//!
//! #[message(type = "placed")]
//! pub struct Placed { square: u8, piece: Option<Piece> }
//! ```
//!
//! A type without `Describe` is no error. It is [opaque](TypeDescription::Opaque): known only by its name as written. Around it,
//! containers of the standard library are recognized by name: a `Vec` of it is a [list](Type::List). With a lock such a type is an
//! error, because a change within it would not be noticed. `#[describe(opaque)]` on the field, or on a type that derives
//! `Describe`, permits that. A client can't be generated either: [`Description::opaque`] lists the places.
//!
//! # What else a client is made from
//!
//! But for the rows of history, presence, `idempotent`, `volatile` and `latest`, none of this is in the lock or changes a fingerprint: a
//! client that does not know it still works.
//!
//! | in Rust | in the description |
//! |---|---|
//! | the struct of a message, or the type of one without a struct | [`MessageDescription::name`] |
//! | `#[serde(skip_serializing_if = "Option::is_none")]` | [`FieldDescription::never_null`] |
//! | `#[describe(bigint)]` on a field | [`FieldDescription::bigint`]: a script reads its integers as `bigint`, because its numbers are exact up to 2<sup>53</sup> alone |
//! | `#[serde(with = "channel_runtime::describe::base64")]`, or `#[describe(as = Base64)]` beside functions of your own | a text whose format is `base64` |
//! | `length`, `range` and `pattern` of garde, where their bounds are literals | [`FieldDescription::rules`] |
//! | `#[deprecated = ".."]` on a message, the handler of a message, a field or a type | `deprecated`, the note |
//! | `#[message(rate = "..", timeout = "..", batch(..))]` | [`rate`](MessageDescription::rate), [`timeout_ms`](MessageDescription::timeout_ms), [`batch`](MessageDescription::batch) |
//! | `history(..)` of a channel or a kind of room | [`ChannelDescription::history`], [`RoomDescription::history`]; the lock and the fingerprint have whether there is one, and not its bounds |
//! | `presence = Seen` of a channel | [`ChannelDescription::presence`]; the lock and the fingerprint have what is seen, and not the bounds |
//! | `#[message(idempotent)]` on a handler | [`MessageDescription::idempotent`], which is in the lock and the fingerprint too |
//! | `#[message(.., volatile)]` or `latest(..)` on a message to clients | [`MessageDescription::delivery`], which is in the lock and the fingerprint too |
//! | `#[message(.., answer = Started)]` | [`MessageDescription::answer`] |
//! | [`Extract::NEEDS`](crate::Extract::NEEDS) of the extractors | [`ChannelDescription::needs`] |
//! | the type of a path's parameter | [`ParamDescription::text`] |
//!
//! ```
//! use channel_runtime::message;
//!
//! #[message(type = "stored")]
//! pub struct Stored {
//!     #[describe(bigint)]
//!     pub position: u64,
//!     #[serde(with = "channel_runtime::describe::base64")]
//!     pub digest: Vec<u8>,
//!     #[serde(skip_serializing_if = "Option::is_none")]
//!     pub replaced: Option<String>,
//!     #[deprecated = "it is always true"]
//!     #[serde(default)]
//!     pub is_stored: bool,
//! }
//! ```

#[cfg(feature = "server")]
mod assembly;
pub mod base64;
mod crates;
mod description;
pub(crate) mod faults;
#[cfg(feature = "server")]
mod named_types;
#[cfg(feature = "server")]
mod needs;
mod opaque;
pub(crate) mod parts;
pub(crate) mod probe;
mod rule;
pub(crate) mod shape;
mod std_types;
mod type_description;

#[cfg(feature = "server")]
pub(crate) use assembly::describe;
pub use channel_macros::Describe;
pub use description::{
    AsksDescription, ChannelDescription, DeliveryDescription, Description, EnvelopeDescription, FaultDescription,
    HistoryDescription, MessageDescription, NeedDescription, ParamDescription, PlaceDescription, PlacesDescription,
    PresenceDescription, RateDescription, ReplyDescription, RoomDescription, SubprotocolsDescription,
};
pub use faults::{DescribeFaults, FaultKind, Faults};
#[cfg(feature = "server")]
pub use needs::Needs;
pub use opaque::OpaqueDescription;
pub(crate) use parts::MessageShape;
#[cfg(feature = "server")]
pub(crate) use parts::{
    AnswerKind, AnswerShape, ChannelShape, EnvelopeShape, Param, PresenceShape, RateShape, RoomShape,
};
pub use rule::{Bound, Rule};
#[cfg(feature = "server")]
pub(crate) use shape::plain_key;
pub use shape::{Content, Definition, Field, Kind, Tagging, Type, Variant};
pub use type_description::{
    ContentDescription, EnumDescription, FieldDescription, RuleDescription, TaggingDescription, TypeDefinition,
    TypeDescription, TypeShape, UnitDescription, VariantDescription,
};

/// A type whose form on the wire is known in constants.
///
/// Derive it beside serde's traits; it reads their attributes. If the serde traits are written by hand, implement it by hand:
///
/// ```
/// use channel_runtime::describe::{Describe, Type};
///
/// /// Written as `"e4"`.
/// pub struct Square { file: u8, rank: u8 }
///
/// impl Describe for Square {
///     const TYPE: Type = Type::Text { format: None };
/// }
/// ```
///
/// # The derive
///
/// - The fields need not be `Describe`, except with a lock: a field's type that is not is [opaque](TypeDescription::Opaque). With a
///   lock, `#[describe(opaque)]` on a field or on the type says that the lock ignores its content, whether it is described or not.
///   Texts, numbers and the standard library's containers around the type are still described.
/// - A generic type has the bound `T: Describe` on its parameters.
/// - A definition has the type's name, or that of `#[serde(rename = "..")]` on the type. A type that serde reads or writes as another
///   one, by `from`, `try_from` or `into`, keeps its name and is described as a newtype of the other.
/// - A field with `#[serde(with = "..")]` is opaque, except for the usual modules of `time` and `chrono`, and for [`base64`]. Describe
///   it with `#[describe(as = String)]`, which takes any type that is `Describe`.
/// - `#[describe(bigint)]` on a field with a key says that its integers, of 64 or 128 bits, may be larger than 2<sup>53</sup>. A newtype
///   can't say it of itself: the fields that hold it do.
/// - If the runtime crate has another name, the type gives its path: `#[describe(crate = my_crate::channel_runtime)]`.
/// - A type that contains itself needs nothing more. If two types contain each other, mark one of the fields that close the circle
///   with `#[describe(recursive)]`: its type is then mentioned only by name. (Without it the compiler reports a cycle.)
///
/// The attributes of fields can be used on a message's fields too.
#[diagnostic::on_unimplemented(
    message = "the form of `{Self}` on the wire is not known",
    label = "not described",
    note = "put `#[derive(channel_runtime::describe::Describe)]` on `{Self}`"
)]
pub trait Describe {
    /// The form on the wire.
    const TYPE: Type;
}

/// Stands for bytes that are written as text in base64: `#[describe(as = Base64)]` on a field.
///
/// [`base64`] writes them so, and its fields are described without this.
#[derive(Clone, Copy, Debug)]
pub enum Base64 {}
