//! What a request is for: its target and its `Host`, which are to say one thing (RFC 9112, section 3.2).

use http::header::{self, HeaderMap, HeaderValue};
use http::uri::Authority;
use http::{Request, Uri, Version};
use warp::Reply;
use warp::reply::Response;

use crate::opening::{asks_for_websocket, upgrade_required};
use crate::path::Path;
use crate::reject::Reject;

/// Has the `Host` of a request say what its target says, where that says it: all that is behind this looks at `Host` alone.
/// The refusal where the request is for nothing that could be known.
pub(crate) fn settle<B>(request: &mut Request<B>) -> Option<Response> {
    // warp's filters would panic.
    if request.uri().path_and_query().is_none() {
        return Some(Reject::bad_request("this is no proxy: the target of a request is a path").into_response());
    }
    if has_bad_host(request.headers()) {
        return Some(Reject::bad_request("a request names its host, once: `Host: example.com`").into_response());
    }
    let authority = request.uri().authority().map(|authority| HeaderValue::try_from(authority.as_str()));
    match authority {
        // No client sends a user's name, and who sees one may take it for the host.
        Some(Ok(host)) if is_host(&host) => _ = request.headers_mut().insert(header::HOST, host),
        Some(_) => return Some(Reject::bad_request("the target of a request names a host").into_response()),
        None if request.version() == Version::HTTP_11 && !request.headers().contains_key(header::HOST) => {
            return Some(Reject::bad_request("a request names its host: `Host: example.com`").into_response());
        }
        None => {}
    }
    None
}

/// Whether there is more than one `Host`, or one that is none.
pub(crate) fn has_bad_host(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).into_iter();
    let first = hosts.next();
    hosts.next().is_some() || first.is_some_and(|host| !is_host(host))
}

/// A name or an address, with its port where that is not the usual one. It may be empty (RFC 9110, section 7.2).
fn is_host(value: &HeaderValue) -> bool {
    if value.is_empty() {
        return true;
    }
    let Ok(authority) = Authority::try_from(value.as_bytes()) else { return false };
    let text = authority.as_str();
    let Some(port) = text.strip_prefix(authority.host()) else { return false };
    port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A request that is none for a connection, and may be for a channel's path all the same: kept until nobody has taken it.
pub(crate) struct Unasked(Uri);

impl Unasked {
    /// Nothing where the request asks for a WebSocket.
    pub fn of<B>(request: &Request<B>) -> Option<Self> {
        // HTTP/2 knows no such upgrade.
        let may_ask = request.version() <= Version::HTTP_11 && !asks_for_websocket(request.headers());
        may_ask.then(|| Self(request.uri().clone()))
    }

    /// What it is answered where one of these paths is its own: how it would be asked for.
    pub fn answer(&self, paths: &[Path]) -> Option<Response> {
        let is_channel = paths.iter().any(|path| path.matches(self.0.path()).is_some());
        is_channel.then(|| upgrade_required("a channel is here: ask for it by a WebSocket").into_response())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_with_or_without_a_port() {
        for (text, is_one) in [
            ("example.com", true),
            ("example.com:8080", true),
            ("EXAMPLE.com:", true),
            ("127.0.0.1:80", true),
            ("[::1]", true),
            ("[::1]:443", true),
            ("under_score.example", true),
            ("", true),
            ("example.com:http", false),
            ("user@example.com", false),
            ("http://example.com", false),
            ("example.com/path", false),
            ("two hosts", false),
            ("a,b.example:1:2", false),
            ("[::1", false),
            ("[::1]x", false),
        ] {
            assert_eq!(is_host(&HeaderValue::from_static(text)), is_one, "{text:?}");
        }
        assert!(!is_host(&HeaderValue::from_bytes(b"m\xE4rkt.example").unwrap()));
    }
}
