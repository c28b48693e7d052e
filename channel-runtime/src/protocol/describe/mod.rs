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
//! `Describe`, permits that.

#[cfg(feature = "server")]
mod assembly;
pub mod base64;
mod crates;
mod description;
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
    AsksDescription, ChannelDescription, Description, EnvelopeDescription, FaultDescription, MessageDescription,
    NeedDescription, ParamDescription, PlaceDescription, PlacesDescription, RateDescription, ReplyDescription,
    RoomDescription, SubprotocolsDescription,
};
#[cfg(feature = "server")]
pub use needs::Needs;
pub use opaque::OpaqueDescription;
pub(crate) use parts::MessageShape;
#[cfg(feature = "server")]
pub(crate) use parts::{AnswerKind, AnswerShape, ChannelShape, EnvelopeShape, Param, RateShape, RoomShape};
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
/// - A definition has the type's name, or that of `#[serde(rename = "..")]` on the type.
/// - A field with `#[serde(with = "..")]` is opaque, except for the usual modules of `time` and `chrono`. Describe it with
///   `#[describe(as = String)]`, which takes any type that is `Describe`.
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
