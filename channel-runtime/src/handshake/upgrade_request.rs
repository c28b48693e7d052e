//! The request for an upgrade as RFC 6455 has it, and its answer.

use http::header::{self, HeaderMap, HeaderValue};
use http::{HeaderName, StatusCode};
use warp::reply::Response;

use crate::config::Config;
use crate::config::header_list::items;
use crate::handshake::offers_a_token_alone;
use crate::handshake::reject::Reject;
use crate::handshake::request_target::has_bad_host;
use crate::wire::accept::{accept_key, is_valid_key};
use crate::wire::deflate::{Agreed, negotiate};

/// The one subprotocol spoken; a client that offers none means it.
const SUBPROTOCOL: &str = "channels.1.json";

/// A well-formed request for an upgrade (RFC 6455, section 4.2.1).
pub(crate) struct Opening {
    accept: HeaderValue,
    subprotocol: Option<HeaderValue>,
    /// How messages are compressed, and how that is said.
    pub deflate: Option<(Agreed, HeaderValue)>,
}

impl Opening {
    pub fn read(headers: &HeaderMap, config: &Config) -> Result<Self, Reject> {
        if !has_token(headers, &header::CONNECTION, "upgrade") {
            return Err(Reject::bad_request("the header `Connection: Upgrade` is missing"));
        }
        if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
            return Err(upgrade_required("WebSocket version 13 is spoken here"));
        }
        let mut keys = headers.get_all(header::SEC_WEBSOCKET_KEY).iter();
        let key = match (keys.next().and_then(|key| key.to_str().ok()), keys.next()) {
            (Some(key), None) if is_valid_key(key) => key,
            _ => return Err(Reject::bad_request("`Sec-WebSocket-Key` is the base64 of 16 bytes, once")),
        };
        if has_bad_host(headers) {
            return Err(Reject::bad_request("a handshake names its host, once: `Host: example.com`"));
        }
        if has_body(headers) {
            // It has no meaning, and where a body ends is what a proxy and a server may see differently.
            return Err(Reject::bad_request("a handshake has no body"));
        }
        if offers_a_token_alone(headers) {
            // A browser takes no answer that names nothing it offered, and a token is never named.
            return Err(Reject::bad_request("offer the subprotocol `channels.1.json` beside the token"));
        }
        // As it stands, for so a browser compares what it offered with what was chosen.
        let offered = items(headers, &header::SEC_WEBSOCKET_PROTOCOL).any(|token| token == SUBPROTOCOL.as_bytes());
        Ok(Self {
            accept: HeaderValue::try_from(accept_key(key)).expect("base64 is a header value"),
            subprotocol: offered.then(|| HeaderValue::from_static(SUBPROTOCOL)),
            deflate: config.compresses().and_then(|compression| negotiate(headers, compression)),
        })
    }

    /// Whether the client knows what is spoken here.
    pub fn has_offered(&self) -> bool {
        self.subprotocol.is_some()
    }

    /// With the offer of compression left unanswered.
    pub fn uncompressed(self) -> Self {
        Self { deflate: None, ..self }
    }

    pub fn accept(self) -> Response {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, self.accept);
        if let Some(subprotocol) = self.subprotocol {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, subprotocol);
        }
        if let Some((_, answer)) = self.deflate {
            headers.insert(header::SEC_WEBSOCKET_EXTENSIONS, answer);
        }
        response
    }
}

/// Whether a request asks for what is spoken here.
pub(crate) fn asks_for_websocket(headers: &HeaderMap) -> bool {
    has_token(headers, &header::UPGRADE, "websocket")
}

/// 426: how it has to be asked for.
pub(crate) fn upgrade_required(message: &str) -> Reject {
    Reject::new(StatusCode::UPGRADE_REQUIRED, message)
        .with_header(header::SEC_WEBSOCKET_VERSION, "13")
        .with_header(header::UPGRADE, "websocket")
        .with_header(header::CONNECTION, "Upgrade")
}

/// Whether more is announced than nothing.
fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key(header::TRANSFER_ENCODING)
        || headers.get_all(header::CONTENT_LENGTH).into_iter().any(|length| length != "0")
}

/// Whether a header that is a list has this token, in any case.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    items(headers, name).any(|item| item.eq_ignore_ascii_case(token.as_bytes()))
}
