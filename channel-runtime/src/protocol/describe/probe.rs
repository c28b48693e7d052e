//! Looks up the description of a user's type, if it has one, without requiring the bound.
//!
//! An associated constant of the type itself takes precedence over one of a trait, and exists only if its bound holds. In an
//! expansion, where the type is concrete, this distinguishes types that are [`Describe`] from others.

use std::marker::PhantomData;

pub use super::Describe;
pub use super::faults::{DescribeFaults, FaultKind, Faults};
#[cfg(feature = "server")]
pub use super::parts::PresenceShape;
pub use super::parts::{AnswerKind, AnswerShape, MessageShape, Param, RoomShape};
pub use super::rule::{Bound, Rule};
pub use super::shape::{Content, Definition, Field, Kind, Tagging, Type, Variant};
pub use super::type_description::UnitDescription as Unit;

/// `Of::<T>::TYPE`
pub struct Of<T: ?Sized>(PhantomData<T>);

impl<T: Describe + ?Sized> Of<T> {
    /// The description of the type.
    pub const TYPE: Option<Type> = Some(T::TYPE);
}

/// For types that are not described.
pub trait Undescribed {
    /// Nothing is known.
    const TYPE: Option<Type> = None;
}

impl<T: ?Sized> Undescribed for Of<T> {}

/// The known description, or else the one that the written name suggests.
pub const fn or(known: Option<Type>, written: Type) -> Type {
    match known {
        Some(ty) => ty,
        None => written,
    }
}

/// The answer of a type that can't be one; another error reports that. The server's `AnswerOf` implements it.
pub trait NoAnswer {
    /// Nothing is known.
    const ANSWER: AnswerShape = AnswerShape::UNKNOWN;
    /// Nothing is known.
    const FAULTS: Option<Faults> = None;
}

/// `FaultsOf::<E>::FAULTS`: the faults of an error type, or of the outermost error of what a handler returns, also by an alias.
pub struct FaultsOf<T: ?Sized>(PhantomData<T>);

impl<E: DescribeFaults> FaultsOf<E> {
    /// Those of the error.
    pub const FAULTS: Option<Faults> = Some(E::FAULTS);
}

impl<R, E: DescribeFaults> FaultsOf<Result<R, E>> {
    /// Those of the error.
    pub const FAULTS: Option<Faults> = Some(E::FAULTS);
}

impl<R, E: DescribeFaults> FaultsOf<Option<Result<R, E>>> {
    /// Those of the error.
    pub const FAULTS: Option<Faults> = Some(E::FAULTS);
}

impl<T: ?Sized> NoAnswer for FaultsOf<T> {}

/// The methods that serde's attributes become. The usual field is only `Field::new`.
impl Field {
    #[doc(hidden)]
    pub const fn __docs(self, docs: &'static str) -> Self {
        Self { docs, ..self }
    }

    #[doc(hidden)]
    pub const fn __keys(self, read: Option<&'static str>, written: Option<&'static str>) -> Self {
        Self { read, written, ..self }
    }

    #[doc(hidden)]
    pub const fn __aliases(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    #[doc(hidden)]
    pub const fn __default(self, has_default: bool) -> Self {
        Self { has_default, ..self }
    }

    #[doc(hidden)]
    pub const fn __skipped(self) -> Self {
        Self { may_be_skipped: true, ..self }
    }

    #[doc(hidden)]
    pub const fn __flat(self) -> Self {
        Self { flat: true, ..self }
    }

    #[doc(hidden)]
    pub const fn __never_null(self) -> Self {
        let never_null = matches!(&self.ty, Type::Nullable(inner) if !may_be_null(inner));
        Self { may_be_skipped: true, never_null, ..self }
    }

    #[doc(hidden)]
    pub const fn __deprecated(self, note: &'static str) -> Self {
        Self { deprecated: Some(note), ..self }
    }

    #[doc(hidden)]
    pub const fn __rules(self, rules: &'static [Rule]) -> Self {
        Self { rules, ..self }
    }
}

impl Variant {
    #[doc(hidden)]
    pub const fn __docs(self, docs: &'static str) -> Self {
        Self { docs, ..self }
    }

    #[doc(hidden)]
    pub const fn __names(self, read: Option<&'static str>, written: Option<&'static str>) -> Self {
        Self { read, written, ..self }
    }

    #[doc(hidden)]
    pub const fn __aliases(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    #[doc(hidden)]
    pub const fn __untagged(self) -> Self {
        Self { untagged: true, ..self }
    }

    #[doc(hidden)]
    pub const fn __other(self) -> Self {
        Self { other: true, ..self }
    }
}

/// Whether serde may write a value of this type as `null`. A number that is not finite is not counted.
const fn may_be_null(ty: &Type) -> bool {
    match ty {
        Type::Json | Type::Null | Type::Nullable(_) | Type::Opaque(_) | Type::Undescribed(_) | Type::WrittenBy(_) => {
            true
        }
        Type::Named(definition) => match &definition.kind {
            Kind::Struct(content) => content_may_be_null(content),
            Kind::Enum { tagging, variants } => {
                let mut at = 0;
                while at < variants.len() {
                    let is_untagged = variants[at].untagged || matches!(tagging, Tagging::Untagged);
                    if is_untagged && content_may_be_null(&variants[at].content) {
                        return true;
                    }
                    at += 1;
                }
                false
            }
        },
        _ => false,
    }
}

const fn content_may_be_null(content: &Content) -> bool {
    match content {
        Content::Unit => true,
        Content::As(ty) => may_be_null(ty),
        _ => false,
    }
}

/// A field whose integers may be large. Fails a constant if it has none.
#[track_caller]
pub const fn bigint(field: Field) -> Field {
    assert!(
        may_be_large(&field.ty),
        "`bigint` is for integers of 64 or 128 bits, and this field has none\n\
         take it away; or put it on the fields of the struct that has them"
    );
    Field { bigint: true, ..field }
}

/// Whether integers of more than 32 bits are in it. A struct with fields has its own marks.
const fn may_be_large(ty: &Type) -> bool {
    match ty {
        Type::Integer { bits, .. } => *bits > 32,
        Type::Nullable(inner) | Type::List(inner) | Type::Array(inner, _) => may_be_large(inner),
        Type::Record { key, value } => may_be_large(key) || may_be_large(value),
        Type::Tuple(items) => {
            let mut at = 0;
            while at < items.len() {
                if may_be_large(&items[at]) {
                    return true;
                }
                at += 1;
            }
            false
        }
        Type::Named(definition) => match &definition.kind {
            Kind::Struct(Content::As(ty)) => may_be_large(ty),
            Kind::Struct(Content::Tuple(items)) => may_be_large(&Type::Tuple(items)),
            _ => false,
        },
        Type::Opaque(_) | Type::Undescribed(_) | Type::WrittenBy(_) => true,
        _ => false,
    }
}

/// A definition, in few tokens.
pub const fn defined(
    name: &'static str,
    module: &'static str,
    arguments: &'static [Type],
    docs: &'static str,
    kind: Kind,
) -> Definition {
    Definition { arguments, docs, ..Definition::new(name, module, kind) }
}

impl Definition {
    #[doc(hidden)]
    pub const fn __deprecated(self, note: &'static str) -> Self {
        Self { deprecated: Some(note), ..self }
    }
}

/// The usual message: fields with one key each, whose types are described. `about` as in [`MessageShape`], `texts` as in
/// [`Content::Plain`].
pub const fn plain<T: Types>(wire_type: &'static str, about: &'static str, texts: &'static str) -> MessageShape {
    MessageShape::new(wire_type, about, Content::Plain { texts, types: T::TYPES })
}

/// The usual parameter.
pub const fn param<T: Describe>(name: &'static str, docs: &'static str) -> Param {
    Param { name, docs, ty: T::TYPE }
}

/// The types of some fields, in few tokens for the compiler to read.
pub trait Types {
    /// The types, in order.
    const TYPES: &'static [Type];
}

macro_rules! types {
    ($($field:ident)*) => {
        impl<$($field: Describe),*> Types for ($($field,)*) {
            const TYPES: &'static [Type] = &[$($field::TYPE),*];
        }
    };
}

types!();
types!(A);
types!(A B);
types!(A B C);
types!(A B C D);
types!(A B C D E);
types!(A B C D E F);
types!(A B C D E F G);
types!(A B C D E F G H);
types!(A B C D E F G H I);
types!(A B C D E F G H I J);
types!(A B C D E F G H I J K);
types!(A B C D E F G H I J K L);

/// An object of these fields, which accepts other keys too.
pub const fn fields(fields: &'static [Field]) -> Content {
    Content::Fields { fields, closed: false }
}
