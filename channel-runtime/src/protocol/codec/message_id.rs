//! The `$id` of a message that may be said again.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, Visitor};

/// The `$id`, which is new for each message, and the same when it is said again. Not empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MessageId(Box<str>);

impl MessageId {
    /// The longest, in bytes.
    pub const MAX_LEN: usize = 64;

    /// Of a client's secret, in bytes.
    #[cfg(feature = "server")]
    const MIN_SECRET: usize = 16;

    #[cfg(test)]
    pub(crate) fn of(text: &str) -> Self {
        Self(text.into())
    }

    /// What stands before the last `-`, if it is long enough to be a secret: by it a client without an identity is known.
    #[cfg(feature = "server")]
    pub(crate) fn secret(&self) -> Option<&str> {
        let (secret, _) = self.0.rsplit_once('-')?;
        (secret.len() >= Self::MIN_SECRET).then_some(secret)
    }

    #[cfg(feature = "server")]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// `null` counts as none. No `Option<MessageId>`, for the reason given at `ReadRoom`.
pub(super) struct ReadId;

impl<'de> DeserializeSeed<'de> for ReadId {
    type Value = Option<MessageId>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<MessageId>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for ReadId {
    type Value = Option<MessageId>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "as `$id` a string of 1 to {} bytes", MessageId::MAX_LEN)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Option<MessageId>, E> {
        match text.len() {
            1..=MessageId::MAX_LEN => Ok(Some(MessageId(text.into()))),
            len => Err(E::invalid_length(len, &self)),
        }
    }

    fn visit_unit<E: de::Error>(self) -> Result<Option<MessageId>, E> {
        Ok(None)
    }
}
