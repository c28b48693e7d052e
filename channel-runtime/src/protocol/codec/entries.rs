//! The entries of the object that a text is, as the quick way reads them: braces, commas, colons and keys by hand, and
//! each value by a serde_json deserializer of its own, set at the value.
//!
//! What is read is what serde_json would read from the whole text. What isn't is bad, or at least unusual: its payload
//! goes on after an error. This reader tells neither from the other, nor where it was; for that there is the careful way.

use std::fmt;
use std::mem;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{self, DeserializeSeed, IgnoredAny, IntoDeserializer, MapAccess};

use super::envelope::ReadType;
use super::{depth, plain_string};

pub(super) struct Entries<'de> {
    text: &'de str,
    /// Where the next byte to read is. After an error the text's end, so that a payload that ignores the error gets no
    /// further, and no text is taken for good that isn't.
    at: usize,
    /// Whether no key was read yet.
    first: bool,
    /// Whether the text is known to nest no deeper than it may.
    shallow: bool,
}

impl<'de> Entries<'de> {
    #[inline]
    pub(super) fn open(text: &'de str) -> Result<Self, Unusual> {
        let mut entries = Self { text, at: 0, first: true, shallow: false };
        entries.expect(b'{')?;
        Ok(entries)
    }

    /// To be called when there are no more.
    #[inline]
    pub(super) fn close(mut self) -> Result<(), Unusual> {
        self.expect(b'}')?;
        if self.peek().is_none() { Ok(()) } else { Err(Unusual) }
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Result<(), Unusual> {
        if self.peek() != Some(byte) {
            return self.fail();
        }
        self.at += 1;
        Ok(())
    }

    /// The next byte that is no white space.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        match self.text.as_bytes().get(self.at) {
            Some(..=b' ') => self.peek_behind_space(),
            byte => byte.copied(),
        }
    }

    /// Cold, so that compact texts pay nothing for the white space that they don't have.
    #[cold]
    fn peek_behind_space(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.text.as_bytes().get(self.at) {
            self.at += 1;
        }
        self.text.as_bytes().get(self.at).copied()
    }

    /// serde_json bounds the nesting of what it gives to types, but not of what it skips. It is looked at when something
    /// nests at all.
    #[inline]
    fn check_depth(&mut self) -> Result<(), Unusual> {
        if !mem::replace(&mut self.shallow, true) && depth::first_too_deep(self.text).is_some() {
            return self.fail();
        }
        Ok(())
    }

    /// The key whose quote was read.
    #[cold]
    fn escaped_key<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Unusual> {
        self.at -= 1;
        // Not as a `String`, for the reason that `ReadRoom` gives.
        let key = self.read(ReadType)?;
        seed.deserialize(key.into_deserializer()).map(Some)
    }

    /// Whatever stands here, by serde_json.
    #[inline]
    fn read<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Unusual> {
        let mut json = serde_json::Deserializer::from_str(&self.text[self.at..]);
        match seed.deserialize(&mut json) {
            Ok(value) => {
                // Nothing is iterated: this is the way to learn how far it has read.
                self.at += json.into_iter::<IgnoredAny>().byte_offset();
                Ok(value)
            }
            Err(_) => self.fail(),
        }
    }

    #[cold]
    fn fail<T>(&mut self) -> Result<T, Unusual> {
        self.at = self.text.len();
        Err(Unusual)
    }
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Unusual;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Unusual> {
        if self.peek() == Some(b'}') {
            return Ok(None);
        }
        if !mem::take(&mut self.first) {
            self.expect(b',')?;
        }
        self.expect(b'"')?;
        let Some(key) = plain_string::string(&self.text[self.at..]) else { return self.escaped_key(seed) };
        self.at += key.len() + 1;
        seed.deserialize(BorrowedStrDeserializer::new(key)).map(Some)
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Unusual> {
        self.expect(b':')?;
        if let Some(b'[' | b'{') = self.peek() {
            self.check_depth()?;
        }
        self.read(seed)
    }
}

/// A text that is left to the careful way. It carries no reason, since that way finds it again, with its place.
#[derive(Debug)]
pub(super) struct Unusual;

impl fmt::Display for Unusual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bad or unusual")
    }
}

impl std::error::Error for Unusual {}

impl de::Error for Unusual {
    #[inline]
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}
