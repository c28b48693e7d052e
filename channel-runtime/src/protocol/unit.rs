//! Messages without fields.

use serde::de::{Deserialize, Deserializer, IgnoredAny};
use serde::ser::Serializer;

/// Reads a message without fields. Fields that it has all the same are ignored.
pub fn decode_unit<'de, D: Deserializer<'de>>(fields: D) -> Result<(), D::Error> {
    IgnoredAny::deserialize(fields).map(drop)
}

/// Writes a message without fields.
pub fn encode_unit<S: Serializer>(serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_unit_struct("unit")
}
