//! The form of values on the wire in constants, which the macros write and the lock's check reads.

use super::rule::Rule;

/// The form of a value on the wire.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Type {
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
    /// Text, with the name of its format in JSON Schema, such as `date-time` or `uuid`.
    Text {
        /// `None` for any text.
        format: Option<&'static str>,
    },
    /// Only this text.
    Literal(&'static str),
    /// The value, or `null`.
    Nullable(&'static Type),
    /// An array of any length.
    List(&'static Type),
    /// An array of this length.
    Array(&'static Type, usize),
    /// An array with a form for each place.
    Tuple(&'static [Type]),
    /// An object with any keys, and one form for all values.
    Record {
        /// The type of the keys, which are text on the wire.
        key: &'static Type,
        /// The values.
        value: &'static Type,
    },
    /// A type with a name of its own.
    Named(&'static Definition),
    /// The type of this name that is being defined, because it contains itself.
    Recursive(&'static str),
    /// A type that is known only by its name, because `#[describe(opaque)]` asks for that.
    Opaque(&'static str),
    /// A type that is not [`Describe`](super::Describe), by its name as written. With a lock it is an error.
    Undescribed(&'static str),
    /// The output of these functions, in place of a field's type: `#[serde(with = "..")]`. With a lock it is an error.
    WrittenBy(&'static str),
}

/// A type with a name.
#[derive(Clone, Copy, Debug)]
pub struct Definition {
    /// The type's name, or that of `#[serde(rename = "..")]`.
    pub name: &'static str,
    /// The type's module, to distinguish two types of the same name.
    pub module: &'static str,
    /// The type arguments.
    pub arguments: &'static [Type],
    /// Its documentation; empty if there is none.
    pub docs: &'static str,
    /// The note of `#[deprecated]`, which may be empty. `None` if it is not deprecated.
    pub deprecated: Option<&'static str>,
    /// A struct or an enum.
    pub kind: Kind,
}

impl Definition {
    /// A type without type arguments and docs.
    pub const fn new(name: &'static str, module: &'static str, kind: Kind) -> Self {
        Self { name, module, arguments: &[], docs: "", deprecated: None, kind }
    }
}

/// The kind of a type with a name.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Kind {
    /// A struct.
    Struct(Content),
    /// An enum.
    Enum {
        /// How variants are represented on the wire.
        tagging: Tagging,
        /// In the order of the source.
        variants: &'static [Variant],
    },
}

/// The content of a struct, a message or a variant.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Content {
    /// Nothing.
    Unit,
    /// One value, without a wrapper.
    As(Type),
    /// An array with a form for each place.
    Tuple(&'static [Type]),
    /// An object.
    Fields {
        /// In the order of the source.
        fields: &'static [Field],
        /// Whether keys of no field are refused.
        closed: bool,
    },
    /// An object whose fields have only a key, docs and a type. The macros write it in few tokens, because the compiler reads them
    /// in every build.
    #[doc(hidden)]
    Plain {
        /// The keys, which are Rust names, each with a space behind it; then the docs of each field behind a zero byte, if there
        /// are any.
        texts: &'static str,
        /// The types of the values, in the same order.
        types: &'static [Type],
    },
}

impl Content {
    /// The number of fields.
    pub const fn len(&self) -> usize {
        match self {
            Self::Fields { fields, .. } => fields.len(),
            Self::Plain { types, .. } => types.len(),
            _ => 0,
        }
    }

    /// Whether there are no fields.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The field at this place. `None` behind the last one.
    pub const fn field(&self, index: usize) -> Option<Field> {
        match self {
            Self::Fields { fields, .. } if index < fields.len() => Some(fields[index]),
            Self::Plain { texts, types } if index < types.len() => {
                let docs = part(texts, index + 1, b'\0');
                Some(Field { docs, ..Field::new(plain_key(texts, index), types[index]) })
            }
            _ => None,
        }
    }

    /// Whether it is an object that refuses keys of no field.
    pub const fn is_closed(&self) -> bool {
        matches!(self, Self::Fields { closed: true, .. })
    }
}

/// The part of the text at `index`, if `byte` separates its parts; empty if there is none.
const fn part(text: &'static str, index: usize, byte: u8) -> &'static str {
    let bytes = text.as_bytes();
    let (mut from, mut to, mut passed) = (0, 0, 0);
    while to < bytes.len() {
        if bytes[to] == byte {
            if passed == index {
                break;
            }
            passed += 1;
            from = to + 1;
        }
        to += 1;
    }
    if passed == index { text.split_at(to).0.split_at(from).1 } else { "" }
}

pub(crate) const fn plain_key(texts: &'static str, index: usize) -> &'static str {
    part(texts, index, b' ')
}

/// A key of an object.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The key that is read. `None` if the field is never read.
    pub read: Option<&'static str>,
    /// The key that is written. `None` if the field is never written.
    pub written: Option<&'static str>,
    /// Other keys that are read too.
    pub aliases: &'static [&'static str],
    /// Its documentation; empty if there is none.
    pub docs: &'static str,
    /// Its value.
    pub ty: Type,
    /// Whether it may be missing when the object is read.
    pub has_default: bool,
    /// Whether it may be missing when the object is written.
    pub may_be_skipped: bool,
    /// Whether the value's keys replace this one: `#[serde(flatten)]`.
    pub flat: bool,
    /// Whether the key is missing where the value would be `null`.
    pub never_null: bool,
    /// Whether its integers may be larger than 2<sup>53</sup>: `#[describe(bigint)]`.
    pub bigint: bool,
    /// The note of `#[deprecated]`, which may be empty. `None` if it is not deprecated.
    pub deprecated: Option<&'static str>,
    /// What its value must fulfil when it is read.
    pub rules: &'static [Rule],
}

impl Field {
    /// A field with one key. It is required, unless its type is an `Option`, which serde reads as `None` from a missing key.
    pub const fn new(key: &'static str, ty: Type) -> Self {
        Self {
            read: Some(key),
            written: Some(key),
            aliases: &[],
            docs: "",
            has_default: matches!(ty, Type::Nullable(_)),
            ty,
            may_be_skipped: false,
            flat: false,
            never_null: false,
            bigint: false,
            deprecated: None,
            rules: &[],
        }
    }
}

/// How an enum's variants are represented: serde's four ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tagging {
    /// `{"circle":{..}}`, or `"circle"` for a variant without content.
    External,
    /// `{"kind":"circle",..}`, with this key.
    Internal(&'static str),
    /// `{"kind":"circle","value":{..}}`, with these keys.
    Adjacent {
        /// The key of the variant's name.
        tag: &'static str,
        /// The key of the variant's content.
        content: &'static str,
    },
    /// Only the content.
    Untagged,
}

/// A variant of an enum.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// The name that is read. `None` if it is never read.
    pub read: Option<&'static str>,
    /// The name that is written. `None` if it is never written.
    pub written: Option<&'static str>,
    /// Other names that are read too.
    pub aliases: &'static [&'static str],
    /// Its documentation; empty if there is none.
    pub docs: &'static str,
    /// Its content.
    pub content: Content,
    /// `#[serde(untagged)]` on this variant alone.
    pub untagged: bool,
    /// `#[serde(other)]`: any name that belongs to no other variant.
    pub other: bool,
}

impl Variant {
    /// A variant with one name.
    pub const fn new(name: &'static str, content: Content) -> Self {
        Self { read: Some(name), written: Some(name), aliases: &[], docs: "", content, untagged: false, other: false }
    }
}
