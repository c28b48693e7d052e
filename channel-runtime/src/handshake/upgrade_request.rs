//! The WebSocket upgrade request (RFC 6455), its checks, and its answer.

use http::header::{self, HeaderMap, HeaderValue};
use http::{HeaderName, Request, StatusCode, Version};
use warp::reply::Response;

use crate::config::header_list::items;
use crate::handshake::hello::{Hello, Malformed};
use crate::handshake::reject::Reject;
use crate::handshake::request_target::has_bad_host;
use crate::handshake::subprotocols::{Negotiated, agree, hello};
use crate::protocol::subprotocols::Subprotocols;
use crate::wire::accept::{accept_key, is_valid_key};
use crate::wire::deflate::{Agreed, Compression, negotiate};

/// RFC 6455, section 4.2.1.
pub(crate) struct UpgradeRequest {
    accept: HeaderValue,
    pub subprotocol: Negotiated,
    /// An error if its client is refused for it.
    pub hello: Result<Option<Hello>, Malformed>,
    /// With the header that answers the offer. `None` without compression.
    pub deflate: Option<(Agreed, HeaderValue)>,
}

impl UpgradeRequest {
    /// An offer of compression is answered if the server compresses.
    ///
    /// # Errors
    /// 400 if the request is invalid or offers a token alone, 426 if it asks for another version of the protocol.
    pub fn read(headers: &HeaderMap, compression: Option<&Compression>, known: &Subprotocols) -> Result<Self, Reject> {
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
            // A body has no meaning here, and a proxy and a server may disagree about where it ends.
            return Err(Reject::bad_request("a handshake has no body"));
        }
        let subprotocol = agree(headers, known)?;
        Ok(Self {
            accept: HeaderValue::try_from(accept_key(key)).expect("base64 is a header value"),
            subprotocol,
            hello: hello(headers, known, subprotocol),
            deflate: compression.and_then(|compression| negotiate(headers, compression)),
        })
    }

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
        if let Some(subprotocol) = self.subprotocol.subprotocol() {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(subprotocol));
        }
        if let Some((_, answer)) = self.deflate {
            headers.insert(header::SEC_WEBSOCKET_EXTENSIONS, answer);
        }
        response
    }
}

/// Whether a request for one of our channels lacks the upgrade. HTTP/2 has no such upgrade, so its requests never do.
pub(crate) fn lacks_upgrade<B>(request: &Request<B>, is_channel: impl FnOnce(&str) -> bool) -> bool {
    request.version() <= Version::HTTP_11 && !asks_for_websocket(request.headers()) && is_channel(request.uri().path())
}

pub(crate) fn asks_for_websocket(headers: &HeaderMap) -> bool {
    has_token(headers, &header::UPGRADE, "websocket")
}

pub(crate) fn upgrade_required(message: &str) -> Reject {
    Reject::new(StatusCode::UPGRADE_REQUIRED, message)
        .with_header(header::SEC_WEBSOCKET_VERSION, "13")
        .with_header(header::UPGRADE, "websocket")
        .with_header(header::CONNECTION, "Upgrade")
}

fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key(header::TRANSFER_ENCODING)
        || headers.get_all(header::CONTENT_LENGTH).into_iter().any(|length| length != "0")
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    items(headers, name).any(|item| item.eq_ignore_ascii_case(token.as_bytes()))
}
