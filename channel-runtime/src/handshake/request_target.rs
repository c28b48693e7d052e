//! The target of an HTTP request and its header `Host`, which must name the same host (RFC 9112, section 3.2).

use std::net::Ipv6Addr;

use http::header::{self, HeaderMap, HeaderValue};
use http::{Request, Version};
use warp::Reply;
use warp::reply::Response;

use crate::handshake::reject::Reject;

/// Sets the `Host` of a request to the host in its target, if that names one. Everything after this reads `Host` alone.
pub(crate) fn check_host<B>(request: &mut Request<B>) -> Option<Response> {
    // warp's filters would panic on it.
    if request.uri().path_and_query().is_none() {
        return Some(Reject::bad_request("this is no proxy: the target of a request is a path").into_response());
    }
    if has_bad_host(request.headers()) {
        return Some(Reject::bad_request("a request names its host, once: `Host: example.com`").into_response());
    }
    let authority = request.uri().authority().map(|authority| HeaderValue::try_from(authority.as_str()));
    match authority {
        // No honest client sends a user's name here, and a reader may take it for the host.
        Some(Ok(host)) if is_host(&host) => _ = request.headers_mut().insert(header::HOST, host),
        Some(_) => return Some(Reject::bad_request("the target of a request names a host").into_response()),
        None if request.version() == Version::HTTP_11 && !request.headers().contains_key(header::HOST) => {
            return Some(Reject::bad_request("a request names its host: `Host: example.com`").into_response());
        }
        None => {}
    }
    request.extensions_mut().insert(HostChecked);
    None
}

#[derive(Clone, Copy)]
pub(crate) struct HostChecked;

pub(crate) fn has_bad_host(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).into_iter();
    let first = hosts.next();
    hosts.next().is_some() || first.is_some_and(|host| !is_host(host))
}

/// Whether a value is a name or an address, with or without a port (RFC 3986, section 3.2.2), or empty (RFC 9110, section 7.2).
fn is_host(value: &HeaderValue) -> bool {
    let text = value.as_bytes();
    let (is_known, port) = match text.strip_prefix(b"[") {
        Some(rest) => {
            let Some(end) = rest.iter().position(|byte| *byte == b']') else { return false };
            let address = std::str::from_utf8(&rest[..end]).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok());
            (address, &rest[end + 1..])
        }
        None => {
            let (name, port) = text.split_at(text.iter().position(|byte| *byte == b':').unwrap_or(text.len()));
            (name.iter().all(|byte| is_of_name(*byte)), port)
        }
    };
    let is_port = port.is_empty() || port.strip_prefix(b":").is_some_and(|port| port.iter().all(u8::is_ascii_digit));
    is_known && is_port
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&'..=b',' | b';' | b'=' | b'%')
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
