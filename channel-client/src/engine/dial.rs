//! What a client offers in its handshake.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Why a token is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// There is none yet.
    First,
    /// The server has said that it expires soon.
    Expiring,
    /// The server has refused the last one.
    Refused,
}

/// One try to connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dial {
    /// The subprotocols, in order.
    pub offers: Vec<String>,
    /// Where the server has moved the client. `None` if it has not.
    pub path: Option<String>,
    /// Where the client is in its rooms: parameters of the query, each behind an `&`. Empty if it is nowhere.
    pub positions: String,
}

pub(crate) const PROTOCOL: &str = "channels.1.json";

/// What `encodeURIComponent` leaves as it is, without parentheses, which no token of HTTP may have.
const KEPT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'!').remove(b'~').remove(b'*').remove(b'\'');

/// The subprotocols of a handshake.
pub(crate) fn offers(fingerprint: Option<u64>, token: Option<&str>) -> Vec<String> {
    let hello = match fingerprint {
        Some(fingerprint) => format!("channels.hello.{fingerprint:016x}"),
        None => "channels.hello".to_owned(),
    };
    let token = token.map(|token| format!("channels.token.{}", utf8_percent_encode(token, KEPT)));
    [PROTOCOL.to_owned(), hello].into_iter().chain(token).collect()
}
