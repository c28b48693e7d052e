//! The negotiation of permessage-deflate in the header `Sec-WebSocket-Extensions`.
//!
//! An offer that does not follow RFC 7692 is declined. If none is left, the connection is not compressed, but never rejected.

use http::header::{HeaderMap, HeaderValue, SEC_WEBSOCKET_EXTENSIONS};

use super::Compression;
use super::rfc7692::WINDOW_BITS;

const NAME: &str = "permessage-deflate";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agreed {
    pub(super) server_bits: u8,
    /// How far back the client's messages refer to its earlier ones. `None` if they do not.
    pub(super) client_context: Option<u8>,
}

pub(crate) fn negotiate(headers: &HeaderMap, compression: &Compression) -> Option<(Agreed, HeaderValue)> {
    let compression = compression.in_range();
    headers.get_all(SEC_WEBSOCKET_EXTENSIONS).into_iter().find_map(|line| {
        let line = String::from_utf8_lossy(line.as_bytes());
        let offer = pieces(&line, ',').find_map(Offer::read)?;
        Some(offer.accept(&compression))
    })
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Offer {
    server_max_window_bits: Option<u8>,
    server_no_context_takeover: bool,
    /// Whether the client's window can be limited, and to what the client limits it by itself.
    client_max_window_bits: Option<Option<u8>>,
    client_no_context_takeover: bool,
}

impl Offer {
    fn read(text: &str) -> Option<Self> {
        let mut parts = pieces(text, ';');
        if parts.next()? != NAME {
            return None;
        }
        let mut offer = Self::default();
        for part in parts {
            let (name, value) = match part.split_once('=') {
                Some((name, value)) => (name.trim_matches(BLANK), Some(value.trim_matches(BLANK))),
                None => (part, None),
            };
            let is_first = match (name, value) {
                ("server_no_context_takeover", None) => !std::mem::replace(&mut offer.server_no_context_takeover, true),
                ("client_no_context_takeover", None) => !std::mem::replace(&mut offer.client_no_context_takeover, true),
                // If asked for 8 bits, zlib compresses with 9, which such a client could not read.
                ("server_max_window_bits", Some(value)) => {
                    let bits = window_bits(value).filter(|bits| WINDOW_BITS.contains(bits))?;
                    offer.server_max_window_bits.replace(bits).is_none()
                }
                ("client_max_window_bits", None) => offer.client_max_window_bits.replace(None).is_none(),
                ("client_max_window_bits", Some(value)) => {
                    offer.client_max_window_bits.replace(Some(window_bits(value)?)).is_none()
                }
                _ => false,
            };
            if !is_first {
                return None;
            }
        }
        Some(offer)
    }

    fn accept(&self, compression: &Compression) -> (Agreed, HeaderValue) {
        let server_bits = compression.window_bits.min(self.server_max_window_bits.unwrap_or(compression.window_bits));
        // The window of a client that does not offer that parameter can't be limited.
        let client_context = compression.client_context.filter(|_| !self.client_no_context_takeover);
        let client_context = match self.client_max_window_bits {
            Some(bits) => client_context.map(|most| bits.unwrap_or(most).min(most)),
            None => client_context.filter(|most| most == WINDOW_BITS.end()),
        };

        // Sent even if it was not offered, so that the client need keep nothing between our messages.
        let mut answer = format!("{NAME}; server_no_context_takeover");
        if self.server_max_window_bits.is_some() || server_bits < *WINDOW_BITS.end() {
            answer += &format!("; server_max_window_bits={server_bits}");
        }
        match client_context {
            None => answer += "; client_no_context_takeover",
            Some(bits) if bits < *WINDOW_BITS.end() => answer += &format!("; client_max_window_bits={bits}"),
            Some(_) => {}
        }
        let answer = HeaderValue::try_from(answer).expect("names and numbers are a header value");
        (Agreed { server_bits, client_context }, answer)
    }
}

const BLANK: [char; 2] = [' ', '\t'];

/// The parts of a list. A separator within quotes does not count; if the end quote is missing, the rest is one invalid value.
fn pieces(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |char: char| {
        let was_escaped = std::mem::take(&mut escaped);
        match char {
            '\\' if quoted && !was_escaped => escaped = true,
            '"' if !was_escaped => quoted = !quoted,
            _ => return !quoted && char == separator,
        }
        false
    })
    .map(|piece| piece.trim_matches(BLANK))
}

fn window_bits(value: &str) -> Option<u8> {
    let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    let number = quoted.unwrap_or(value);
    let bits: u8 = number.parse().ok()?;
    ((8..=15).contains(&bits) && number == bits.to_string()).then_some(bits)
}

#[cfg(test)]
pub(in crate::wire) mod tests {
    use super::*;

    /// What is agreed on for this offer. `None` for an empty one.
    pub(crate) fn agreed(offer: &str) -> Option<Agreed> {
        negotiated(Compression::default(), &[offer]).map(|(agreed, _)| agreed)
    }

    fn negotiated(compression: Compression, values: &[&str]) -> Option<(Agreed, String)> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(SEC_WEBSOCKET_EXTENSIONS, value.parse().unwrap());
        }
        negotiate(&headers, &compression).map(|(agreed, answer)| (agreed, answer.to_str().unwrap().to_owned()))
    }

    fn answer(compression: Compression, offer: &str) -> Option<String> {
        let (_, answer) = negotiated(compression, &[offer])?;
        Some(answer.strip_prefix("permessage-deflate; server_no_context_takeover").unwrap().to_owned())
    }

    #[test]
    fn by_default_nobody_refers_to_an_earlier_message() {
        for offer in [
            "permessage-deflate",
            "permessage-deflate; client_max_window_bits",
            "permessage-deflate; client_max_window_bits=8",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        ] {
            let agreed = Agreed { server_bits: 15, client_context: None };
            let answer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
            assert_eq!(negotiated(Compression::default(), &[offer]), Some((agreed, answer.into())), "{offer}");
        }
    }

    #[test]
    fn our_window_is_the_smaller_of_what_is_offered_and_configured() {
        for (configured, offered, bits, said) in [
            (15, "", 15, ""),
            (15, "; server_max_window_bits=15", 15, "; server_max_window_bits=15"),
            (15, "; server_max_window_bits=9", 9, "; server_max_window_bits=9"),
            (11, "; server_max_window_bits=15", 11, "; server_max_window_bits=11"),
            (11, "", 11, "; server_max_window_bits=11"),
            (8, "", 9, "; server_max_window_bits=9"),
            (200, "", 15, ""),
        ] {
            let compression = Compression::default().window_bits(configured);
            let (agreed, _) = negotiated(compression, &[&format!("permessage-deflate{offered}")]).unwrap();
            assert_eq!(agreed.server_bits, bits, "{configured} and {offered}");
            let expected = format!("{said}; client_no_context_takeover");
            assert_eq!(answer(compression, &format!("permessage-deflate{offered}")), Some(expected));
        }
    }

    #[test]
    fn a_client_keeps_its_context_where_it_can_be_held_to_the_bound() {
        for (configured, offered, context, said) in [
            (15, "", Some(15), ""),
            (15, "; client_max_window_bits", Some(15), ""),
            (15, "; client_max_window_bits=12", Some(12), "; client_max_window_bits=12"),
            (15, "; client_no_context_takeover", None, "; client_no_context_takeover"),
            (12, "", None, "; client_no_context_takeover"),
            (12, "; client_max_window_bits", Some(12), "; client_max_window_bits=12"),
            (12, "; client_max_window_bits=15", Some(12), "; client_max_window_bits=12"),
            (12, "; client_max_window_bits=8", Some(8), "; client_max_window_bits=8"),
            (8, "; client_max_window_bits", Some(9), "; client_max_window_bits=9"),
        ] {
            let compression = Compression::default().client_context(configured);
            let offer = format!("permessage-deflate{offered}");
            assert_eq!(negotiated(compression, &[&offer]).unwrap().0.client_context, context, "{configured}{offered}");
            assert_eq!(answer(compression, &offer), Some(said.into()), "{configured} and {offered}");
        }
    }

    #[test]
    fn an_offer_that_is_not_as_it_should_be_is_declined() {
        for offer in [
            "",
            "permessage-bzip2",
            "x-webkit-deflate-frame",
            "Permessage-Deflate",
            "permessage-deflate=1",
            "permessage-deflate;",
            "permessage-deflate; ; client_max_window_bits",
            "permessage-deflate; mode=fast",
            "permessage-deflate; server_no_context_takeover=1",
            "permessage-deflate; server_no_context_takeover=",
            "permessage-deflate; client_no_context_takeover=true",
            "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
            "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
            "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
            "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate; server_max_window_bits=",
            "permessage-deflate; server_max_window_bits=8",
            "permessage-deflate; server_max_window_bits=7",
            "permessage-deflate; server_max_window_bits=16",
            "permessage-deflate; server_max_window_bits=010",
            "permessage-deflate; server_max_window_bits=+10",
            "permessage-deflate; server_max_window_bits=1e1",
            "permessage-deflate; server_max_window_bits=266",
            "permessage-deflate; client_max_window_bits=7",
            "permessage-deflate; client_max_window_bits=16",
            "permessage-deflate; client_max_window_bits=",
            "permessage-deflate; client_max_window_bits=\"\"",
            "permessage-deflate; client_max_window_bits=\"12",
            "permessage-deflate; client_max_window_bits=12\"",
            "permessage-deflate; client_max_window_bits=\"12, permessage-deflate",
        ] {
            assert_eq!(negotiated(Compression::default(), &[offer]), None, "{offer}");
        }
    }

    #[test]
    fn the_first_offer_that_can_be_met_is_taken() {
        let offers = [
            "permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=12, permessage-deflate",
            "other; text=\"a, permessage-deflate; server_max_window_bits=9\",\tpermessage-deflate;server_max_window_bits=12",
            "other; text=\"a\\\", permessage-deflate\", permessage-deflate; server_max_window_bits = \"12\" ",
        ];
        for offers in offers {
            let (agreed, _) = negotiated(Compression::default(), &[offers]).unwrap();
            assert_eq!(agreed.server_bits, 12, "{offers}");
        }
        let lines = ["permessage-deflate; unknown", "permessage-deflate; server_max_window_bits=11"];
        assert_eq!(negotiated(Compression::default(), &lines).unwrap().0.server_bits, 11);
        assert_eq!(negotiated(Compression::default(), &[]), None);
    }
}
