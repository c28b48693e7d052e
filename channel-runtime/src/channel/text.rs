//! A text message as it is on the wire, for channels that read their clients' texts themselves.

use std::fmt;
use std::mem;
use std::ops::Deref;

use crate::protocol::asks::Answered;
use crate::protocol::codec::DecodeError;
use crate::protocol::halves::Protocol;
use crate::wire::parser::reuse;

/// A text message, whatever is in it: what `on_text` takes and what `.send_text(..)` sends.
///
/// ```
/// # use channel_runtime::{channel, Text};
/// #[channel("/echo")]
/// pub struct Echo;
///
/// #[channel(sends(Text))]
/// impl Echo {
///     fn on_text(&mut self, text: Text) -> Text {
///         text
///     }
/// }
/// ```
///
/// It owns its text, so that it can be kept and moved to other tasks. It derefs to `str`; [`into_string`](Self::into_string) and
/// `From<String>` do not copy, [`Clone`] does. A received text is valid UTF-8 of at most
/// [`message_bytes`](crate::Config::message_bytes) bytes, and may be empty. It takes at most 64 bytes and four times its length in
/// memory.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(String);

/// The text is received before the answer, which is a plain `success`.
impl<C: Protocol> Answered<C> for Text {
    type Answer = ();

    const IS_PLAIN: bool = true;

    fn read(_: &str) -> Result<(), DecodeError> {
        Ok(())
    }
}

impl Text {
    pub(crate) fn received(mut text: String) -> Self {
        // The program may keep it, and count it by its length.
        if text.capacity() > 4 * text.len() + 64 {
            text.shrink_to_fit();
        }
        Self(text)
    }

    /// The text as a `String`, without a copy.
    pub fn into_string(mut self) -> String {
        mem::take(&mut self.0)
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        reuse(mem::take(&mut self.0));
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.into_string()
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_moved_and_not_copied() {
        let given = String::from("hello");
        let at = given.as_ptr();
        let text = Text::from(given);
        assert_eq!((text.as_ptr(), text.len()), (at, 5));
        let taken = text.into_string();
        assert_eq!((taken.as_ptr(), &*taken), (at, "hello"));
    }

    #[test]
    fn it_reads_as_its_text() {
        let text = Text::from("a \"b\"");
        assert_eq!((format!("{text:?}"), format!("{text:>6}")), (r#""a \"b\"""#.into(), r#" a "b""#.into()));
        assert!(text == "a \"b\"" && text.clone() == text && text.starts_with('a'));
        assert_eq!(AsRef::<str>::as_ref(&text), String::from(text.clone()));
    }

    #[test]
    fn a_received_text_takes_little_more_than_its_length() {
        for len in [0, 1, 16, 100, 1000, 10_000] {
            for spare in [0, 64, 1000, 100_000] {
                let mut text = String::with_capacity(len + spare);
                text.extend(std::iter::repeat_n('x', len));
                let text = Text::received(text).into_string();
                assert!(text.len() == len && text.capacity() <= 4 * len + 64, "{len} in {}", text.capacity());
            }
        }
    }
}
