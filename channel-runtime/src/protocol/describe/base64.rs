//! Bytes as text in base64, for `#[serde(with = "channel_runtime::describe::base64")]`.
//!
//! serde writes a `Vec<u8>` or `Bytes` as an array of numbers, which takes about four times as much room as its bytes. With this
//! module it is a text of the standard alphabet, with padding; a text without padding is read too. For an `Option` there is
//! [`option`].
//!
//! ```
//! use channel_runtime::message;
//!
//! #[message(type = "picture")]
//! pub struct Picture {
//!     #[serde(with = "channel_runtime::describe::base64")]
//!     data: Vec<u8>,
//! }
//! ```
//!
//! Its description is [`Base64`](super::Base64).

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::de::{self, Visitor};
use serde::{Deserializer, Serializer};

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Writes the bytes as text.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(bytes: &impl AsRef<[u8]>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&ENGINE.encode(bytes))
}

/// Reads the bytes from text.
///
/// # Errors
/// If it is no text, or not in base64.
pub fn deserialize<'de, B: From<Vec<u8>>, D: Deserializer<'de>>(deserializer: D) -> Result<B, D::Error> {
    deserializer.deserialize_str(Text).map(B::from)
}

struct Text;

impl Visitor<'_> for Text {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("bytes in base64")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<u8>, E> {
        ENGINE.decode(text).map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

/// The same for an `Option`: `None` is `null`. Beside it stands `#[serde(default)]` if the key may be missing.
pub mod option {
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes the bytes as text, or `null`.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(bytes: &Option<impl AsRef<[u8]>>, serializer: S) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => super::serialize(bytes, serializer),
            None => serializer.serialize_none(),
        }
    }

    /// Reads the bytes from text, or `None` from `null`.
    ///
    /// # Errors
    /// If it is neither `null` nor a text in base64.
    pub fn deserialize<'de, B: From<Vec<u8>>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<B>, D::Error> {
        #[derive(Deserialize)]
        struct Bytes(#[serde(with = "super")] Vec<u8>);

        Ok(Option::deserialize(deserializer)?.map(|Bytes(bytes)| bytes.into()))
    }
}
