//! What is no handshake, what is nearly one, and what hides behind one.

use super::Attack;
use super::framing::hourly;
use super::seen::{Seen, reacted};
use super::stage::{SQUARE, Stage};
use crate::support::{masked, request, text, upgrade};

/// The usual handshake with this in the place of something.
fn altered(what: &str, instead: &str) -> String {
    let usual = upgrade(SQUARE);
    assert!(usual.contains(what), "{what}");
    usual.replacen(what, instead, 1)
}

/// The usual handshake with more headers.
fn with(headers: &str) -> String {
    altered("Host: localhost\r\n", &format!("Host: localhost\r\n{headers}\r\n"))
}

pub fn attacks() -> Vec<Attack> {
    let echo = r#"{"type":"echo","text":"smuggled"}"#;
    vec![
        Attack::request("no_http", "words that are no HTTP", "400, ended", "let me in\r\n\r\n"),
        Attack::request("half_a_request_line", "a method and nothing else", "400, ended", "GET\r\n\r\n"),
        Attack::request("unknown_version", "HTTP/9.9", "400, ended", altered("HTTP/1.1", "HTTP/9.9")),
        Attack::request("http_0_9", "a request line without a version", "400, ended", format!("GET {SQUARE}\r\n\r\n")),
        Attack::request("http_1_0", "an upgrade by HTTP/1.0", "400, ended", altered("HTTP/1.1", "HTTP/1.0")),
        Attack::request(
            "http_2",
            "the preface of HTTP/2",
            "cut",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
        ),
        Attack::request("tls", "a TLS hello where none is spoken", "400, ended", tls_hello()),
        Attack::request("nul_in_the_head", "NUL in a header's value", "400, ended", with("X-Name: a\0b")),
        Attack::request("nul_in_the_target", "NUL in the path", "400, ended", altered("market", "mar\0ket")),
        Attack::request(
            "not_ascii",
            "bytes over 127 that are no UTF-8 in the path",
            "400, ended",
            [
                b"GET /square/m\xE4rkt HTTP/1.1\r\nHost: localhost\r\n",
                upgrade(SQUARE).split_once("localhost\r\n").unwrap().1.as_bytes(),
            ]
            .concat(),
        ),
        Attack::request(
            "folded_header",
            "a header that goes on in the next line",
            "400, ended",
            with("X-Name: a\r\n b"),
        ),
        Attack::request("space_before_colon", "a space before a header's colon", "400, ended", with("X-Name : a")),
        Attack::request(
            "bare_line_feeds",
            "lines that end without CR",
            "101, goes on",
            upgrade(SQUARE).replace("\r\n", "\n"),
        ),
        Attack::request(
            "bare_carriage_return",
            "CR alone within a value",
            "400, ended",
            with("X-Name: a\rSet-Cookie: b"),
        ),
        Attack::does(
            "injection_by_the_path",
            "CR LF, encoded, in a path that a refusal repeats",
            "403, `%0d%0a` in the body alone, goes on",
            injected_by_path,
        ),
        Attack::does(
            "injection_by_the_subprotocol",
            "a header's name within an offered subprotocol",
            "101 without it, goes on",
            injected_by_offer,
        ),
        Attack::request(
            "two_keys",
            "`Sec-WebSocket-Key` twice",
            "400, goes on",
            with("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
        ),
        Attack::request(
            "short_key",
            "a key of 15 bytes",
            "400, goes on",
            altered("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j"),
        ),
        Attack::request(
            "old_version",
            "version 8 of the protocol",
            "426, goes on",
            altered("Version: 13", "Version: 8"),
        ),
        Attack::request("two_versions", "versions 8 and 13", "426, goes on", with("Sec-WebSocket-Version: 8")),
        Attack::request(
            "no_upgrade",
            "`Connection: close`",
            "400, ended",
            altered("Connection: Upgrade", "Connection: close"),
        ),
        Attack::request("no_host", "no `Host`", "400, goes on", altered("Host: localhost\r\n", "")),
        Attack::request(
            "two_hosts",
            "two `Host`s, and a page of the second",
            "400, goes on",
            with("Host: evil.example\r\nOrigin: http://evil.example"),
        ),
        Attack::request(
            "host_that_is_none",
            "a `Host` behind which there is a path, and a page of it",
            "400, goes on",
            altered("Host: localhost", "Host: evil.example/\r\nOrigin: http://evil.example"),
        ),
        Attack::request(
            "large_header",
            "a header of 1 MiB",
            "431, ended",
            with(&format!("X-Name: {}", "x".repeat(1024 * 1024))),
        ),
        Attack::request(
            "many_headers",
            "10,000 headers",
            "431, ended",
            with("X-Name: a\r\n".repeat(10_000).trim_end()),
        ),
        Attack::request("long_target", "a path of 100 KiB", "431, ended", altered("market", &"x".repeat(100 * 1024))),
        Attack::request(
            "long_query",
            "a query of 100 KiB",
            "431, ended",
            altered("market", &format!("market?{}", "x".repeat(100 * 1024))),
        ),
        Attack::request(
            "absolute_target",
            "the URL of another host for a target, and a page of the `Host`",
            "403, goes on",
            altered("GET /", "GET http://evil.example/").replacen("Host:", "Origin: http://localhost\r\nHost:", 1),
        ),
        Attack::request("star_target", "`*` for a target", "404, goes on", altered(SQUARE, "*")),
        Attack::request(
            "connect",
            "CONNECT, as if it were a proxy",
            "400, goes on",
            altered(&format!("GET {SQUARE}"), "CONNECT localhost:22"),
        ),
        Attack::request(
            "upgrade_to_something_else",
            "an upgrade to HTTP/2 without TLS",
            "426, goes on",
            altered("Upgrade: websocket", "Upgrade: h2c").replacen(
                "Connection: Upgrade",
                "Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk",
                1,
            ),
        ),
        Attack::request("other_method", "POST, and an upgrade", "404, goes on", altered("GET", "POST")),
        Attack::request(
            "body_behind_it",
            "a handshake with a body that is a frame",
            "400, goes on",
            [with("Content-Length: 39").into_bytes(), text(echo)].concat(),
        ),
        Attack::request(
            "chunked_body_behind_it",
            "a handshake with a chunked body",
            "400, goes on",
            with("Transfer-Encoding: chunked") + "5\r\nhello\r\n0\r\n\r\n",
        ),
        Attack::request(
            "two_lengths",
            "`Content-Length` and `Transfer-Encoding` at once",
            "400, ended",
            with("Content-Length: 5\r\nTransfer-Encoding: chunked") + "0\r\n\r\n",
        ),
        Attack::request(
            "two_content_lengths",
            "two `Content-Length`s that differ",
            "400, ended",
            with("Content-Length: 5\r\nContent-Length: 6") + "hello",
        ),
        Attack::request(
            "pipelined_request",
            "a second request behind the first, unread as such",
            "101, closed with 1002: reserved bits are set",
            upgrade(SQUARE) + &upgrade("/square/closed"),
        ),
        Attack::does(
            "many_requests_at_once",
            "three hundred requests on one connection, before an answer is read",
            "404 300 times, 101, goes on",
            many_requests,
        ),
        Attack::request(
            "flood_behind_it",
            "two thousand pings in one segment with the handshake",
            "101, closed with 1008: too many messages",
            [upgrade(SQUARE).into_bytes(), masked(0x89, "").repeat(2000)].concat(),
        )
        .with(hourly()),
        Attack::request(
            "expects_continue",
            "`Expect: 100-continue`, and no body",
            "101, goes on",
            with("Expect: 100-continue"),
        ),
        Attack::request(
            "many_subprotocols",
            "2000 subprotocols",
            "101, goes on",
            with(&format!("Sec-WebSocket-Protocol: {}", vec!["chat"; 2000].join(","))),
        ),
        Attack::request(
            "many_extensions",
            "150 extensions with parameters that are none",
            "101, goes on",
            with(&format!(
                "Sec-WebSocket-Extensions: {}",
                vec!["permessage-deflate; server_max_window_bits=99999999999"; 150].join(",")
            )),
        ),
    ]
}

/// A ClientHello, as far as anybody reads it.
fn tls_hello() -> Vec<u8> {
    let mut hello = b"\x16\x03\x01\x00\x50\x01\x00\x00\x4c\x03\x03".to_vec();
    hello.extend([0x5A; 70]);
    hello
}

async fn injected_by_path(stage: &mut Stage) -> String {
    let mut raw = stage.server.connect().await;
    let response = raw.request(&upgrade("/square/closed%0d%0aSet-Cookie:%20evil=1%0d%0a%0d%0a%3Cscript%3E")).await;
    assert_eq!(
        (response.header("set-cookie"), response.header("content-type")),
        (None, Some("text/plain; charset=utf-8"))
    );
    assert_eq!(response.body, "no way to closed\r\nSet-Cookie: evil=1\r\n\r\n<script>");
    raw.upgrade(SQUARE).await;
    format!("{}, `%0d%0a` in the body alone, {}", response.status, reacted(raw).await)
}

async fn injected_by_offer(stage: &mut Stage) -> String {
    let mut raw = stage.server.connect().await;
    let offer =
        with("Sec-WebSocket-Protocol: channels.1.json%0d%0aSet-Cookie: evil=1, \"channels.1.json\", CHANNELS.1.JSON");
    let response = raw.request(&offer).await;
    assert_eq!((response.header("set-cookie"), response.header("sec-websocket-protocol")), (None, None));
    format!("{} without it, {}", response.status, reacted(raw).await)
}

async fn many_requests(stage: &mut Stage) -> String {
    let mut raw = stage.server.connect().await;
    raw.write(request("/nowhere", &[]).repeat(300) + &upgrade(SQUARE)).await;
    let mut seen = Seen::default();
    for _ in 0..=300 {
        seen.note(raw.response().await.status.to_string());
    }
    seen.and(&reacted(raw).await)
}
