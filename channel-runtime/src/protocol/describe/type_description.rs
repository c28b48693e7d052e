//! The types in messages as data.

use serde::{Deserialize, Serialize};
use serde_json::Number;

/// The content of a message, a struct or a variant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ContentDescription {
    /// Nothing.
    Unit,
    /// One value, without a wrapper.
    As {
        /// The value.
        #[serde(rename = "type")]
        ty: TypeDescription,
    },
    /// An array with a form for each place.
    Tuple {
        /// The places.
        items: Vec<TypeDescription>,
    },
    /// An object.
    Fields {
        /// Its keys.
        fields: Vec<FieldDescription>,
        /// Whether keys of no field are refused.
        #[serde(default)]
        closed: bool,
    },
}

/// A key of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FieldDescription {
    /// The key that is read. `None` if the field is never read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<String>,
    /// The key that is written, usually the same. `None` if the field is never written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<String>,
    /// Other keys that are read too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// The field's documentation; empty if there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// Its value.
    #[serde(rename = "type")]
    pub ty: TypeDescription,
    /// Whether it may be missing when the object is read: an `Option`, or `#[serde(default)]`.
    pub has_default: bool,
    /// Whether it may be missing when the object is written: `#[serde(skip_serializing_if)]`.
    pub may_be_skipped: bool,
    /// Whether the value's keys replace this one: `#[serde(flatten)]`.
    #[serde(default)]
    pub flat: bool,
    /// Whether the key is missing where the value would be `null`: an `Option` that is skipped if it is `None`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub never_null: bool,
    /// Whether its integers may be larger than 2<sup>53</sup>, so that a script reads them as `bigint`: `#[describe(bigint)]`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bigint: bool,
    /// The note of `#[deprecated]`, which may be empty. `None` if it is not deprecated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<String>,
    /// The rules of `garde` on it that are literals: what breaks one of them is refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleDescription>,
}

/// A rule of a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum RuleDescription {
    /// How long a text or a list is.
    #[non_exhaustive]
    Length {
        /// At least this. `None` for no bound.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<u64>,
        /// At most this. `None` for no bound.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<u64>,
        /// What is counted.
        unit: UnitDescription,
    },
    /// How large a number is.
    #[non_exhaustive]
    Range {
        /// At least this. `None` for no bound.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<Number>,
        /// At most this. `None` for no bound.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<Number>,
    },
    /// What a text looks like.
    #[non_exhaustive]
    Pattern {
        /// A regular expression, as Rust's crate `regex` reads it, that matches a part of the text.
        regex: String,
    },
}

/// What the length of a value counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum UnitDescription {
    /// The items of a list, or the bytes of a text in UTF-8.
    Simple,
    /// Bytes in UTF-8.
    Bytes,
    /// Characters: code points of Unicode.
    Chars,
    /// What a reader takes for one character.
    Graphemes,
    /// Units of UTF-16, as `length` of a text in a script.
    Utf16,
}

/// The form of a value on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum TypeDescription {
    /// Any JSON.
    Json,
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A whole number in the range of this many bits.
    Integer {
        /// Whether it can be negative.
        signed: bool,
        /// 8 to 128.
        bits: u8,
    },
    /// Any number, with the precision of this many bits.
    Float {
        /// 32 or 64.
        bits: u8,
    },
    /// Text.
    Text {
        /// The name of its format in JSON Schema, such as `date-time` or `uuid`. `None` for any text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        format: Option<String>,
    },
    /// Only this text.
    Literal {
        /// The text.
        value: String,
    },
    /// The value, or `null`.
    Nullable {
        /// The value.
        inner: Box<TypeDescription>,
    },
    /// An array of any length.
    List {
        /// Each of its items.
        items: Box<TypeDescription>,
    },
    /// An array of a fixed length.
    Array {
        /// Each of its items.
        items: Box<TypeDescription>,
        /// How many there are.
        len: usize,
    },
    /// An array with a form for each place.
    Tuple {
        /// The places.
        items: Vec<TypeDescription>,
    },
    /// An object with any keys, and one form for all values.
    Record {
        /// The type of the keys, which are text on the wire.
        key: Box<TypeDescription>,
        /// The values.
        value: Box<TypeDescription>,
    },
    /// A type of this name in [`Description::types`](super::Description::types).
    Named {
        /// The name.
        name: String,
    },
    /// A type that is not [`Describe`](super::Describe), or that an attribute hides.
    Opaque {
        /// Its name as written.
        name: String,
    },
}

/// A type with a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TypeDefinition {
    /// The name without type arguments. Empty if the description was written by version 0.1.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The type arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<TypeDescription>,
    /// The module in which the type is defined, such as `game::board`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub module: String,
    /// The type's documentation; empty if there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// The note of `#[deprecated]`, which may be empty. `None` if it is not deprecated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<String>,
    /// A struct or an enum.
    #[serde(flatten)]
    pub shape: TypeShape,
}

/// The kind of a type with a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TypeShape {
    /// A struct.
    Struct(ContentDescription),
    /// An enum.
    Enum(EnumDescription),
}

/// An enum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EnumDescription {
    /// How variants are represented on the wire.
    pub tagging: TaggingDescription,
    /// Its variants.
    pub variants: Vec<VariantDescription>,
}

/// How an enum's variants are represented: serde's four ways.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum TaggingDescription {
    /// `{"circle":{..}}`, or `"circle"` for a variant without content.
    External,
    /// `{"kind":"circle",..}`, with this key.
    Internal {
        /// The key of the variant's name.
        tag: String,
    },
    /// `{"kind":"circle","value":{..}}`, with these keys.
    Adjacent {
        /// The key of the variant's name.
        tag: String,
        /// The key of the variant's content.
        content: String,
    },
    /// Only the content.
    Untagged,
}

/// A variant of an enum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VariantDescription {
    /// The name that is read. `None` if it is never read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<String>,
    /// The name that is written, usually the same. `None` if it is never written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<String>,
    /// Other names that are read too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Its documentation; empty if there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// Its content.
    pub content: ContentDescription,
    /// Whether this variant alone is written without its name.
    #[serde(default)]
    pub untagged: bool,
    /// Whether it is read from any name that belongs to no other variant.
    #[serde(default)]
    pub other: bool,
}
