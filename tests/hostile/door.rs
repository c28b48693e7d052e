//! Those who pretend to be somebody, or to come from somewhere.

use channel_runtime::{CloseCode, Config, Refusals};

use super::Attack;
use super::framing::{flood, hourly};
use super::seen::answered;
use super::square::{REMOVED, SECRET};
use super::stage::{SQUARE, Stage};
use crate::support::{text, upgrade};

/// The usual handshake with more headers.
fn with(headers: &str) -> String {
    upgrade(SQUARE).replacen("Host: localhost\r\n", &format!("Host: localhost\r\n{headers}\r\n"), 1)
}

/// The same with what need not be text.
fn with_bytes(headers: &[u8]) -> Vec<u8> {
    let (line, others) =
        upgrade(SQUARE).split_once("\r\n").map(|(line, others)| (line.to_owned(), others.to_owned())).expect("lines");
    [line.as_bytes(), b"\r\n", headers, b"\r\n", others.as_bytes()].concat()
}

async fn removed(stage: &mut Stage) -> String {
    let mut raw = stage.server.connect().await;
    raw.write(upgrade(&format!("{SQUARE}?token={REMOVED}.{SECRET}"))).await;
    stage.town().looked_up().await;
    assert_eq!(stage.hub.user(REMOVED).disconnect(CloseCode::FORBIDDEN, "the account is gone"), 0);
    stage.serves_the_honest().await;
    stage.town().go_on();
    answered(raw).await
}

pub fn attacks() -> Vec<Attack> {
    let headers = |name, tries, ends, headers: &str| Attack::request(name, tries, ends, with(headers));
    let renewal = |name, tries, ends, token: &str| {
        Attack::frames(name, tries, ends, text(&format!(r#"{{"type":"$auth","token":{token}}}"#)))
    };
    let told = "101, `unauthorized`, closed with 4401: invalid token";
    vec![
        headers("foreign_page", "a page of another host", "403, goes on", "Origin: https://evil.example"),
        headers("page_of_nobody", "`Origin: null`", "403, goes on", "Origin: null"),
        headers(
            "two_origins",
            "two `Origin`s, the first of which is ours",
            "403, goes on",
            "Origin: http://localhost\r\nOrigin: https://evil.example",
        ),
        headers(
            "origin_that_begins_like_ours",
            "a host that begins like ours",
            "403, goes on",
            "Origin: http://localhost.evil.example",
        ),
        headers(
            "origin_with_a_user",
            "our host as the user of another",
            "403, goes on",
            "Origin: http://localhost@evil.example",
        ),
        headers(
            "forwarded_host",
            "a foreign page whose host is forwarded",
            "403, goes on",
            "Origin: https://evil.example\r\nX-Forwarded-Host: evil.example\r\nForwarded: host=evil.example",
        ),
        headers(
            "long_origin",
            "an `Origin` of 12,000 bytes",
            "403, goes on",
            &format!("Origin: https://{}", "a".repeat(12_000)),
        ),
        headers("wrong_token", "a token that is wrong", "401, goes on", "Authorization: Bearer mallory.guess"),
        headers(
            "wrong_token_of_a_page",
            "the same, from a page that can read why",
            told,
            "Sec-WebSocket-Protocol: channels.1.json, channels.token.mallory.guess",
        ),
        headers(
            "token_alone",
            "a token for the only subprotocol",
            "400, goes on",
            &format!("Sec-WebSocket-Protocol: channels.token.mallory.{SECRET}"),
        ),
        headers(
            "long_token",
            "a token of 12,000 bytes",
            "401, goes on",
            &format!("Authorization: Bearer mallory.{}", "x".repeat(12_000)),
        ),
        headers(
            "many_tokens",
            "400 wrong tokens before the right one",
            told,
            &format!(
                "Sec-WebSocket-Protocol: channels.1.json, {}channels.token.mallory.{SECRET}",
                "channels.token.mallory.guess, ".repeat(400)
            ),
        ),
        headers(
            "better_token_behind",
            "a wrong token, and a right one in the cookie",
            "401, goes on",
            &format!("Authorization: Bearer mallory.guess\r\nCookie: token=mallory.{SECRET}"),
        ),
        headers(
            "token_that_is_no_text",
            "a token whose escapes are no UTF-8, and a right one in the cookie",
            told,
            &format!("Sec-WebSocket-Protocol: channels.1.json, channels.token.%FF\r\nCookie: token=mallory.{SECRET}"),
        ),
        Attack::request(
            "bearer_that_is_no_text",
            "a token with a byte over 127, and a right one in the cookie",
            "401, goes on",
            with_bytes(b"Authorization: Bearer mallory.\xe9\r\nCookie: token=mallory.s3cret"),
        ),
        Attack::request(
            "cookies_that_are_no_text",
            "bytes over 127 in the cookies beside a right one",
            "101, goes on",
            with_bytes(b"Cookie: \xff=\xfe; name=Jos\xe9; token=mallory.s3cret"),
        ),
        Attack::does(
            "account_that_is_removed",
            "a right token whose account is removed while it is looked up",
            "101, closed with 4403: the account is gone",
            removed,
        ),
        headers(
            "basic_for_bearer",
            "another scheme with a right token",
            "101, goes on",
            &format!("Authorization: Basic mallory.{SECRET}"),
        ),
        headers(
            "many_cookies",
            "3000 cookies",
            "101, goes on",
            &format!("Cookie: {}", "a=b; ".repeat(3000).trim_end()),
        ),
        headers(
            "claimed_address",
            "an address that no proxy tells",
            "101, goes on",
            "X-Forwarded-For: 127.0.0.1\r\nX-Real-IP: ::1\r\nForwarded: for=\"[::1]\"",
        ),
        headers(
            "refused_by_a_close",
            "a wrong token where all is told by a Close",
            told,
            "Authorization: Bearer mallory.guess",
        )
        .with(Config::default().refusals(Refusals::Close)),
        renewal(
            "renewal_by_a_guess",
            "a wrong token while it is inside",
            "`unauthorized`, goes on",
            r#""mallory.guess""#,
        ),
        renewal(
            "renewal_as_another",
            "a right token, of somebody else",
            "`forbidden`, closed with 4403: a connection stays its user's",
            &format!(r#""mallory.{SECRET}""#),
        ),
        renewal("renewal_without_a_token", "an object for a token", "`invalid_payload`, goes on", r#"{"a":[1]}"#),
        renewal(
            "renewal_by_much",
            "a token of 60,000 bytes while it is inside",
            "`unauthorized`, goes on",
            &format!(r#""{}""#, "x".repeat(60_000)),
        ),
        Attack::does(
            "guesses",
            "a thousand tokens, one after another, while it is inside",
            "closed with 1008: too many messages",
            async |stage| {
                let guess = |n| text(&format!(r#"{{"type":"$auth","token":"mallory.{n}"}}"#));
                flood(stage, &(0..1000).flat_map(guess).collect::<Vec<_>>()).await
            },
        )
        .with(hourly()),
    ]
}
