//! The form of things on the wire, in constants: what the macros make and the lock's check reads.

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
    /// A whole number in the range of so many bits.
    Integer {
        /// Whether it can be negative.
        signed: bool,
        /// 8 to 128.
        bits: u8,
    },
    /// Any number, with the precision of so many bits.
    Float {
        /// 32 or 64.
        bits: u8,
    },
    /// Text; its format by the name that JSON Schema has for it, where there is one: `date-time`, `uuid`.
    Text {
        /// `None` for any text.
        format: Option<&'static str>,
    },
    /// This text alone.
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
        /// What the keys are made from; on the wire they are text.
        key: &'static Type,
        /// The values.
        value: &'static Type,
    },
    /// A type with a name of its own.
    Named(&'static Definition),
    /// The type of this name that is being defined: it contains itself.
    Recursive(&'static str),
    /// A type that is known by its name alone, for that was asked for: `#[describe(opaque)]`.
    Opaque(&'static str),
    /// A type that is not [`Describe`](super::Describe), by its name as written. Under a lock it is an error.
    Undescribed(&'static str),
    /// What these functions write, in the place of a field's type: `#[serde(with = "..")]`. Under a lock it is an error.
    WrittenBy(&'static str),
}

/// A type with a name.
#[derive(Clone, Copy, Debug)]
pub struct Definition {
    /// The type's name, or that of `#[serde(rename = "..")]`.
    pub name: &'static str,
    /// The module it stands in, to tell two of one name apart.
    pub module: &'static str,
    /// What its type parameters stand for.
    pub arguments: &'static [Type],
    /// Its documentation; empty where there is none.
    pub docs: &'static str,
    /// What it is.
    pub kind: Kind,
}

/// What a type with a name is.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Kind {
    /// A struct.
    Struct(Content),
    /// An enum.
    Enum {
        /// How a variant is told on the wire.
        tagging: Tagging,
        /// In the order of the source.
        variants: &'static [Variant],
    },
}

/// What a struct, a message or a variant holds.
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
        /// Whether a key of no field is refused.
        closed: bool,
    },
    /// An object whose fields have nothing but a key, docs and a type, as the macros write it: in few tokens, for the compiler
    /// reads them in every build.
    #[doc(hidden)]
    Plain {
        /// The keys, which are names of Rust's, each with a space behind it, and the docs of each behind a zero, where there are
        /// any.
        texts: &'static str,
        /// The values, as many.
        types: &'static [Type],
    },
}

impl Content {
    /// How many fields it has.
    pub const fn len(&self) -> usize {
        match self {
            Self::Fields { fields, .. } => fields.len(),
            Self::Plain { types, .. } => types.len(),
            _ => 0,
        }
    }

    /// Whether it has no fields.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The field at this place, where there is one.
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

/// What stands behind so many of this byte, up to the next one or the end.
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

/// The key of a plain field.
pub(crate) const fn plain_key(texts: &'static str, index: usize) -> &'static str {
    part(texts, index, b' ')
}

/// A key of an object.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The key that is read; `None` where the field is never read.
    pub read: Option<&'static str>,
    /// The key that is written; `None` where the field is never written.
    pub written: Option<&'static str>,
    /// Keys that are read as well.
    pub aliases: &'static [&'static str],
    /// Its documentation; empty where there is none.
    pub docs: &'static str,
    /// Its value.
    pub ty: Type,
    /// May be missing where it is read.
    pub has_default: bool,
    /// May be missing where it is written.
    pub may_be_skipped: bool,
    /// The value's own keys stand in this one's place.
    pub flat: bool,
}

impl Field {
    /// A field with one key, always there unless its type is an `Option`, which serde reads from nothing too.
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
        }
    }
}

/// How an enum's variant is told: serde's four representations.
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
        /// The key of what it holds.
        content: &'static str,
    },
    /// The content alone.
    Untagged,
}

/// A variant of an enum.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// The name that is read; `None` where it is never read.
    pub read: Option<&'static str>,
    /// The name that is written; `None` where it is never written.
    pub written: Option<&'static str>,
    /// Names that are read as well.
    pub aliases: &'static [&'static str],
    /// Its documentation; empty where there is none.
    pub docs: &'static str,
    /// What it holds.
    pub content: Content,
    /// `#[serde(untagged)]` on this variant alone.
    pub untagged: bool,
    /// `#[serde(other)]`: reads any name that is no other variant's.
    pub other: bool,
}

impl Variant {
    /// A variant of one name.
    pub const fn new(name: &'static str, content: Content) -> Self {
        Self { read: Some(name), written: Some(name), aliases: &[], docs: "", content, untagged: false, other: false }
    }
}
