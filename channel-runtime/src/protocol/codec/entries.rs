//! The reader of the quick path: it takes an object apart by hand, and has serde_json read each value from its place.
//!
//! It reads the same as serde_json would read from the whole text. If it fails, the careful path reads the text.

use std::fmt;
use std::mem;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{self, DeserializeSeed, IgnoredAny, IntoDeserializer, MapAccess};

use super::incoming_head::ReadType;
use super::{depth, plain_string};

pub(super) struct Entries<'de> {
    text: &'de str,
    /// After an error the end of the text, so that a payload that ignores the error does not get invalid text accepted.
    at: usize,
    first: bool,
    shallow: bool,
}

impl<'de> Entries<'de> {
    #[inline]
    pub(super) fn open(text: &'de str) -> Result<Self, Unusual> {
        let mut entries = Self { text, at: 0, first: true, shallow: false };
        entries.expect(b'{')?;
        Ok(entries)
    }

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

    #[inline]
    fn peek(&mut self) -> Option<u8> {
        match self.text.as_bytes().get(self.at) {
            Some(..=b' ') => self.peek_behind_space(),
            byte => byte.copied(),
        }
    }

    /// Cold, so that compact texts do not pay for white space.
    #[cold]
    fn peek_behind_space(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.text.as_bytes().get(self.at) {
            self.at += 1;
        }
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn check_depth(&mut self) -> Result<(), Unusual> {
        if !mem::replace(&mut self.shallow, true) && depth::first_too_deep(self.text).is_some() {
            return self.fail();
        }
        Ok(())
    }

    /// Reads a key with escapes. Its quote was read already.
    #[cold]
    fn escaped_key<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Unusual> {
        self.at -= 1;
        // Not as a `String`, for the reason given at `ReadRoom`.
        let key = self.read(ReadType)?;
        seed.deserialize(key.into_deserializer()).map(Some)
    }

    #[inline]
    fn read<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Unusual> {
        let mut json = serde_json::Deserializer::from_str(&self.text[self.at..]);
        match seed.deserialize(&mut json) {
            Ok(value) => {
                // Nothing is iterated: this is how serde_json tells how far it has read.
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

/// The text is invalid, or unusual, such as one whose payload continues after an error.
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
