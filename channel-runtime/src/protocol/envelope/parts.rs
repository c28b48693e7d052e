//! JSON taken apart into slices of its text.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::Deserialize;
use serde::de::{self, Deserializer as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::incoming::Malformed;
use crate::protocol::message::Ref;

/// The items of an array, at most `N`, as slices of its text; from [`array()`].
#[derive(Debug)]
pub struct Items<'t, const N: usize> {
    items: [&'t str; N],
    len: usize,
}

impl<'t, const N: usize> Deref for Items<'t, N> {
    type Target = [&'t str];

    fn deref(&self) -> &[&'t str] {
        &self.items[..self.len]
    }
}

/// The items of an array, each as it stands in the text.
///
/// # Errors
/// If the text is no array of JSON, or has more than `N` items.
#[inline]
pub fn array<const N: usize>(text: &str) -> Result<Items<'_, N>, Malformed> {
    struct ReadItems<const N: usize>;

    impl<'de, const N: usize> Visitor<'de> for ReadItems<N> {
        type Value = Items<'de, N>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "an array of at most {N}")
        }

        #[inline]
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut items = Items { items: [""; N], len: 0 };
            while let Some(item) = seq.next_element::<&'de RawValue>()? {
                let place = items.items.get_mut(items.len).ok_or_else(|| de::Error::invalid_length(N + 1, &self))?;
                *place = item.get();
                items.len += 1;
            }
            Ok(items)
        }
    }

    let mut json = serde_json::Deserializer::from_str(text);
    let items = json.deserialize_seq(ReadItems).and_then(|items| json.end().map(|()| items));
    items.map_err(|error| Malformed::of_json(&error))
}

/// All items of an array, at most this many, each as it stands in the text: for the messages of a batch.
///
/// # Errors
/// If the text is no array of JSON, or has more than `most` items.
pub fn items(text: &str, most: usize) -> Result<Vec<&str>, Malformed> {
    struct ReadItems(usize);

    impl<'de> Visitor<'de> for ReadItems {
        type Value = Vec<&'de str>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "an array of at most {}", self.0)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut items = Vec::new();
            while let Some(item) = seq.next_element::<&'de RawValue>()? {
                if items.len() == self.0 {
                    return Err(de::Error::invalid_length(self.0 + 1, &self));
                }
                items.push(item.get());
            }
            Ok(items)
        }
    }

    let mut json = serde_json::Deserializer::from_str(text);
    let items = json.deserialize_seq(ReadItems(most)).and_then(|items| json.end().map(|()| items));
    items.map_err(|error| Malformed::of_json(&error))
}

/// The values of these keys of an object, each as it stands in the text. Other keys are skipped.
///
/// ```
/// use channel_runtime::envelope::object;
///
/// let [id, method] = object(r#"{"method":"add","params":[1,2],"id":7}"#, ["id", "method"])?;
/// assert_eq!((id, method), (Some("7"), Some("\"add\"")));
/// # Ok::<(), channel_runtime::envelope::Malformed>(())
/// ```
///
/// # Errors
/// If the text is no object of JSON, or has one of these keys twice.
#[inline]
pub fn object<'t, const N: usize>(text: &'t str, keys: [&str; N]) -> Result<[Option<&'t str>; N], Malformed> {
    struct ReadValues<'k, const N: usize>([&'k str; N]);

    impl<'de, const N: usize> Visitor<'de> for ReadValues<'_, N> {
        type Value = [Option<&'de str>; N];

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        #[inline]
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut values = [None; N];
            while let Some(Key(key)) = map.next_key::<Key<'de>>()? {
                match self.0.iter().position(|known| *known == key) {
                    Some(at) if values[at].is_some() => {
                        return Err(de::Error::custom(format_args!("a second `{key}`")));
                    }
                    Some(at) => values[at] = Some(map.next_value::<&'de RawValue>()?.get()),
                    None => drop(map.next_value::<IgnoredAny>()?),
                }
            }
            Ok(values)
        }
    }

    let mut json = serde_json::Deserializer::from_str(text);
    let values = json.deserialize_map(ReadValues(keys)).and_then(|values| json.end().map(|()| values));
    values.map_err(|error| Malformed::of_json(&error))
}

/// Copied only if it has escapes, where serde's own `Cow` always copies.
#[derive(Deserialize)]
struct Key<'t>(#[serde(borrow)] Cow<'t, str>);

/// The text of a JSON string, which is copied only if it has escapes. `None` if the value is no string.
#[inline]
pub fn string(value: &str) -> Option<Cow<'_, str>> {
    if let Some(plain) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'))
        && !plain.bytes().any(|byte| matches!(byte, b'\\' | b'"' | ..=0x1f))
    {
        return Some(Cow::Borrowed(plain));
    }
    serde_json::from_str(value).ok().map(|Key(text)| text)
}

impl Ref {
    /// The longest [`Ref::Raw`] that is accepted, in bytes.
    pub const MAX_RAW_LEN: usize = 128;

    /// A string of at most [`Ref::MAX_LEN`] bytes or a 64-bit integer, from its JSON. `None` if it is neither.
    pub fn read(value: &str) -> Option<Self> {
        serde_json::from_str(value).ok()
    }
}
