//! Why nothing is generated: the form of a type is not known.

use std::error::Error;
use std::fmt;

use super::directions::Directions;
use crate::protocol::describe::{Description, OpaqueDescription};

/// The places of types that are not [`Describe`](crate::describe::Describe), so that no client could be sure of them.
///
/// Its text has one line for each place, and the derive to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opaque {
    places: Vec<OpaqueDescription>,
}

impl Opaque {
    /// What stands in a path is text, whatever its type. A type that only stands there is no matter of a client's.
    pub(super) fn check(description: &Description) -> Result<(), Self> {
        let used: Vec<_> = Directions::of(description).all().map(|(key, ..)| key.to_owned()).collect();
        let mut printed = description.clone();
        printed.types.retain(|key, _| used.contains(key));
        for channel in &mut printed.channels {
            channel.params.clear();
            channel.rooms.clear();
        }
        let places = printed.opaque();
        if places.is_empty() { Ok(()) } else { Err(Self { places }) }
    }

    /// Each place, with the name of its type as it is written.
    pub fn places(&self) -> &[OpaqueDescription] {
        &self.places
    }
}

impl fmt::Display for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a client can't know the form of these types, which are not `Describe`")?;
        for place in &self.places {
            write!(f, "\n  {place}")?;
        }
        f.write_str(
            "\nthe derive is `#[derive(channel_runtime::describe::Describe)]`; for a type that can't have it a field says what it is on \
             the wire: `#[describe(as = String)]`",
        )
    }
}

impl Error for Opaque {}
