//! The offer of a knowing client, which understands the framework's own frames: `channels.hello`, beside `channels.1.json`.

use http::header::{HeaderMap, SEC_WEBSOCKET_PROTOCOL};

use crate::config::header_list::items;
use crate::handshake::reject::Reject;

const HELLO: &[u8] = b"channels.hello";

/// Of a client that hears the framework's own frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hello {
    /// Of the channel that the client was made for. `None` if it does not say.
    pub fingerprint: Option<u64>,
}

/// Whether an offer is this one, with a fingerprint or without, a malformed one included. No answer names it.
pub(crate) fn is_hello(offer: &[u8]) -> bool {
    fingerprint(offer).is_some()
}

/// What follows the name in such an offer.
fn fingerprint(offer: &[u8]) -> Option<Option<&[u8]>> {
    match offer.strip_prefix(HELLO)? {
        [] => Some(None),
        [b'.', fingerprint @ ..] => Some(Some(fingerprint)),
        _ => None,
    }
}

impl Hello {
    /// The first such offer. `None` if there is none.
    ///
    /// # Errors
    /// Its fingerprint is none.
    pub fn among(offers: &HeaderMap) -> Result<Option<Self>, Malformed> {
        match items(offers, &SEC_WEBSOCKET_PROTOCOL).find_map(fingerprint) {
            None => Ok(None),
            Some(None) => Ok(Some(Self { fingerprint: None })),
            Some(Some(digits)) => match parsed(digits) {
                Some(fingerprint) => Ok(Some(Self { fingerprint: Some(fingerprint) })),
                None => Err(Malformed),
            },
        }
    }
}

/// Without size, because each handshake has room for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

impl From<Malformed> for Reject {
    fn from(Malformed: Malformed) -> Self {
        Self::bad_request(
            "the fingerprint of an offer `channels.hello.<fingerprint>` is 16 hexadecimal digits, in lower case",
        )
    }
}

fn parsed(digits: &[u8]) -> Option<u64> {
    let are_digits = digits.len() == 16 && digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    u64::from_str_radix(std::str::from_utf8(digits).ok().filter(|_| are_digits)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn among(lines: &[impl AsRef<[u8]>]) -> Result<Option<Hello>, Malformed> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_bytes(line.as_ref()).unwrap());
        }
        Hello::among(&headers)
    }

    #[test]
    fn an_offer_says_that_its_client_knows_and_maybe_what_it_was_made_for() {
        for (lines, expected) in [
            (&["channels.1.json, channels.hello"][..], Some(None)),
            (&["channels.1.json", "channels.token.abc, channels.hello"], Some(None)),
            (&["channels.hello.330bf7dbdce97a1b,channels.1.json"], Some(Some(0x330b_f7db_dce9_7a1b))),
            (&["channels.hello.0000000000000000"], Some(Some(0))),
            (&["channels.hello.ffffffffffffffff"], Some(Some(u64::MAX))),
            (&["channels.hello, channels.hello.330bf7dbdce97a1b"], Some(None)),
            (&["channels.hello.330bf7dbdce97a1b, channels.hello.xyz"], Some(Some(0x330b_f7db_dce9_7a1b))),
            (&["channels.1.json"], None),
            (&["channels.hellos, Channels.Hello, xchannels.hello, channels.hell"], None),
            (&["channels.hello/330bf7dbdce97a1b"], None),
            (&[], None),
        ] {
            let found = among(lines).unwrap();
            assert_eq!(found, expected.map(|fingerprint| Hello { fingerprint }), "{lines:?}");
        }
    }

    #[test]
    fn a_fingerprint_is_sixteen_digits() {
        let long = format!("channels.hello.{}", "0".repeat(8000));
        for offer in [
            &b"channels.hello."[..],
            b"channels.hello.330bf7dbdce97a1",
            b"channels.hello.330bf7dbdce97a1b0",
            b"channels.hello.330BF7DBDCE97A1B",
            b"channels.hello.+30bf7dbdce97a1b",
            b"channels.hello.0x0bf7dbdce97a1b",
            b"channels.hello.330bf7dbdce97a1\xff",
            b"channels.hello.330bf7db.ce97a1b",
            b"channels.hello. 330bf7dbdce97a1b",
            long.as_bytes(),
        ] {
            let refused = Reject::from(among(&[offer]).unwrap_err()).to_string();
            assert!(refused.starts_with("400: the fingerprint of an offer"), "{refused}");
            assert!(is_hello(offer), "{}", offer.escape_ascii());
        }
    }
}
