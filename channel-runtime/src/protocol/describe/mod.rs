//! What travels, as data: an app's channels, their messages and the types in them.
//!
//! [`Channels::describe`](crate::Channels::describe) gives a [`Description`] of an app: every channel with its path, every
//! message with its fields, and a definition of every type that they name. It is `Serialize` and `Deserialize`, and holds what
//! a generator of JSON Schema, AsyncAPI or clients needs.
//!
//! It is known to the compiler too: a [lock file](macro@crate::channels#the-lock) makes a change of the wire an error until it is
//! accepted.
//!
//! # Types
//!
//! `#[message]` describes its fields by itself. A field's type takes part through [`Describe`]: the standard library's and, behind
//! the features `chrono`, `indexmap`, `rust_decimal`, `url` and `uuid`, those of the usual crates have it, one's own derive it
//! beside serde's traits:
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
//! A type without it is no error: it is [opaque](TypeDescription::Opaque), known by its name as written and no further. Around such
//! a type the names of the standard library's containers are believed: a `Vec` of it is a [list](Type::List). Under a lock it is an
//! error, for a change within it would go unseen; `#[describe(opaque)]` on the field, or on a type that derives `Describe`, says
//! that it may.

#[cfg(feature = "server")]
mod assembly;
mod crates;
mod description;
pub(crate) mod parts;
pub(crate) mod probe;
pub(crate) mod shape;
mod std_types;
mod type_description;

#[cfg(feature = "server")]
pub(crate) use assembly::describe;
pub use channel_macros::Describe;
pub use description::{
    ChannelDescription, Description, MessageDescription, ParamDescription, ReplyDescription, RoomDescription,
};
pub(crate) use parts::MessageShape;
#[cfg(feature = "server")]
pub(crate) use parts::{AnswerKind, AnswerShape, ChannelShape, Param, RoomShape};
#[cfg(feature = "server")]
pub(crate) use shape::plain_key;
pub use shape::{Content, Definition, Field, Kind, Tagging, Type, Variant};
pub use type_description::{
    ContentDescription, EnumDescription, FieldDescription, TaggingDescription, TypeDefinition, TypeDescription,
    TypeShape, VariantDescription,
};

/// A type whose form on the wire is known, in constants.
///
/// Derived beside serde's traits, whose attributes it reads. By hand, for a type whose serde traits are written by hand:
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
/// - The fields need not be `Describe`, but under a lock: what is not is [opaque](TypeDescription::Opaque). There
///   `#[describe(opaque)]` on a field, or on the type, says that the lock is not to see what is in it, whether it is described or
///   not; texts, numbers and the standard library's containers around the type stay what they are.
/// - A generic type has the bound `T: Describe` on its parameters.
/// - A definition goes by the type's name, or by that of `#[serde(rename = "..")]` on the type.
/// - A field with `#[serde(with = "..")]` is opaque, but for the usual modules of `time` and `chrono`; say what it is with
///   `#[describe(as = String)]`, which takes any type that is `Describe`.
/// - Where the runtime has another name, the type says where it is: `#[describe(crate = my_crate::channel_runtime)]`.
/// - A type that contains itself needs nothing more. Of two types that contain one another, mark one of the fields that close the
///   circle `#[describe(recursive)]`: its type is then mentioned by name alone. (Without it the compiler tells of a cycle.)
///
/// Those of fields may stand on a message's fields as well.
#[diagnostic::on_unimplemented(
    message = "the form of `{Self}` on the wire is not known",
    label = "not described",
    note = "put `#[derive(channel_runtime::describe::Describe)]` on `{Self}`"
)]
pub trait Describe {
    /// The form on the wire.
    const TYPE: Type;
}
