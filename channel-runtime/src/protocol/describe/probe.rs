//! Looks up the description of a user's type, if it has one, without requiring the bound.
//!
//! An associated constant of the type itself takes precedence over one of a trait, and exists only if its bound holds. In an
//! expansion, where the type is concrete, this distinguishes types that are [`Describe`] from others.

use std::marker::PhantomData;

pub use super::Describe;
pub use super::parts::{AnswerKind, AnswerShape, MessageShape, Param, RoomShape};
pub use super::shape::{Content, Definition, Field, Kind, Tagging, Type, Variant};

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
}

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

/// The usual message: fields with one key each, whose types are described. `texts` as in [`Content::Plain`].
pub const fn plain<T: Types>(wire_type: &'static str, docs: &'static str, texts: &'static str) -> MessageShape {
    MessageShape::new(wire_type, docs, Content::Plain { texts, types: T::TYPES })
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
