//! What the expansions say of a type of the user's: its description where it has one, without a bound that it must.
//!
//! An associated constant of the type itself is found before one of a trait, and is there only where its bound holds. In an
//! expansion, where the type is a concrete one, that tells types that are [`Describe`] from those that are not.

use std::marker::PhantomData;

pub use super::Describe;
pub use super::parts::{AnswerKind, AnswerShape, MessageShape, Param, RoomShape};
pub use super::shape::{Content, Definition, Field, Kind, Tagging, Type, Variant};

/// `Of::<T>::TYPE`
pub struct Of<T: ?Sized>(PhantomData<T>);

impl<T: Describe + ?Sized> Of<T> {
    /// Of the type.
    pub const TYPE: Option<Type> = Some(T::TYPE);
}

/// For types that are not described.
pub trait Undescribed {
    /// Nothing is known.
    const TYPE: Option<Type> = None;
}

impl<T: ?Sized> Undescribed for Of<T> {}

/// The description, else what the name as written tells.
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

/// The usual field is `Field::new`; these are what serde's attributes make of it.
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

/// The usual message: fields with one key each, of types that are described; `texts` as in [`Content::Plain`].
pub const fn plain<T: Types>(wire_type: &'static str, docs: &'static str, texts: &'static str) -> MessageShape {
    MessageShape { wire_type, docs, content: Content::Plain { texts, types: T::TYPES }, rate: None }
}

/// The usual parameter.
pub const fn param<T: Describe>(name: &'static str, docs: &'static str) -> Param {
    Param { name, docs, ty: T::TYPE }
}

/// The types of some fields: little for the compiler to read where there is little to say.
pub trait Types {
    /// In order.
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

/// An object of these fields, open to keys of no field.
pub const fn fields(fields: &'static [Field]) -> Content {
    Content::Fields { fields, closed: false }
}
