//! The rules of a field's value in constants, as far as the attributes of `garde` say them in literals.

use super::type_description::UnitDescription;

/// What a field's value must fulfil when it is read.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Rule {
    /// How long a text or a list is.
    Length {
        /// At least this. `None` for no bound.
        min: Option<u64>,
        /// At most this. `None` for no bound.
        max: Option<u64>,
        /// What is counted.
        unit: UnitDescription,
    },
    /// How large a number is.
    Range {
        /// At least this. `None` for no bound.
        min: Option<Bound>,
        /// At most this. `None` for no bound.
        max: Option<Bound>,
    },
    /// A regular expression that matches a part of the text.
    Pattern(&'static str),
}

/// A bound of a number.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Bound {
    /// A whole number.
    Integer(i128),
    /// Another number.
    Float(f64),
}
