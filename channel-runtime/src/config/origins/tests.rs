use http::HeaderValue;

use super::*;

fn is_welcome(origins: &Origins, origin: &str, host: &str, by_tls: bool) -> bool {
    let headers = HeaderMap::from_iter([(ORIGIN, HeaderValue::from_str(origin).unwrap())]);
    origins.check(&headers, Some(host), by_tls).is_ok()
}

fn allowing(origins: Origins, allowed: &[&str]) -> Origins {
    allowed.iter().try_fold(origins, |origins, origin| origins.allow(origin)).unwrap()
}

#[test]
fn the_same_host_is_the_same_name_and_the_same_port() {
    for (origin, host) in [
        ("https://app.example", "app.example"),
        ("https://app.example", "app.example:443"),
        ("https://app.example:443", "app.example"),
        ("http://app.example", "app.example:80"),
        ("HTTPS://App.Example", "aPP.example"),
        ("http://localhost:3030", "localhost:3030"),
        ("http://127.0.0.1:3030", "127.0.0.1:3030"),
        ("http://[::1]:3030", "[::1]:3030"),
        ("https://[2001:db8::1]", "[2001:DB8::1]"),
        // Some apps send the address that they connect to as their origin.
        ("wss://app.example", "app.example"),
        ("wss://app.example", "app.example:443"),
        ("wss://app.example:443", "app.example"),
        ("WSS://app.example:8443", "app.example:8443"),
        ("ws://app.example", "app.example:80"),
        ("ws://localhost:3030", "localhost:3030"),
    ] {
        assert!(is_welcome(&Origins::default(), origin, host, false), "{origin} at {host}");
    }
}

#[test]
fn all_else_is_foreign() {
    for (origin, host) in [
        ("https://evil.example", "app.example"),
        ("https://app.example.evil.example", "app.example"),
        ("https://evilapp.example", "app.example"),
        ("https://sub.app.example", "app.example"),
        ("https://app.example", "sub.app.example"),
        ("https://app.example:444", "app.example"),
        ("https://app.example", "app.example:444"),
        ("http://app.example", "app.example:443"),
        ("ws://app.example", "app.example:443"),
        ("wss://app.example", "app.example:80"),
        ("wss://app.example:444", "app.example"),
        ("wss://evil.example", "app.example"),
        ("wsss://app.example", "app.example"),
        ("http://localhost:3030", "localhost:3031"),
        ("null", "null"),
        ("", "app.example"),
        ("app.example", "app.example"),
        ("://app.example", "app.example"),
        ("https://", "app.example"),
        ("https://app.example/", "app.example"),
        ("https://app.example/path", "app.example"),
        ("https://user@app.example", "app.example"),
        ("https://app.example@evil.example", "app.example"),
        ("https://app.example evil.example", "app.example"),
        ("https://app.example, https://evil.example", "app.example"),
        ("https://app.example:99999", "app.example"),
        ("https://app.example:+443", "app.example"),
        ("https://app.example:443:443", "app.example"),
        ("https://[::1", "[::1"),
        ("https://[nonsense]", "[nonsense]"),
        // The text in `Host` is compared too, and may be invalid too.
        ("https://app.example", ""),
        ("https://app.example", "app.example/"),
        ("https://app.example", "user@app.example"),
        // Not a web page: an extension is no page of the host, whatever it claims.
        ("chrome-extension://app.example", "app.example"),
        ("tauri://localhost", "localhost"),
    ] {
        assert!(!is_welcome(&Origins::default(), origin, host, false), "{origin} at {host}");
        assert!(is_welcome(&Origins::any(), origin, host, false), "{origin} at {host}");
    }
}

#[test]
fn where_tls_is_known_a_page_without_it_is_foreign() {
    let origins = Origins::default();
    assert!(is_welcome(&origins, "https://app.example", "app.example", true));
    assert!(is_welcome(&origins, "wss://app.example", "app.example", true));
    assert!(!is_welcome(&origins, "http://app.example", "app.example", true));
    assert!(!is_welcome(&origins, "ws://app.example", "app.example", true));
    assert!(!is_welcome(&origins, "http://app.example:443", "app.example", true));
}

#[test]
fn what_is_allowed_is_compared_as_a_whole() {
    let origins = allowing(
        Origins::same_host(),
        &["https://app.example", "http://localhost:5173", "tauri://localhost", "https://*.Wild.example"],
    );
    for (origin, expected) in [
        ("https://app.example", true),
        ("https://app.example:443", true),
        ("https://api.example", true),
        ("http://app.example", false),
        ("https://app.example:8443", false),
        ("http://localhost:5173", true),
        ("http://localhost", false),
        ("tauri://localhost", true),
        ("https://a.wild.example", true),
        ("https://a.b.wild.example", true),
        ("https://wild.example", false),
        ("https://.wild.example", false),
        ("https://evilwild.example", false),
        ("http://a.wild.example", false),
        ("https://*.wild.example.evil.example", false),
        ("wss://app.example", true),
        ("ws://app.example", false),
        ("null", false),
    ] {
        assert_eq!(is_welcome(&origins, origin, "api.example", false), expected, "{origin}");
    }
    let only = allowing(Origins::only(), &["https://app.example"]);
    assert!(is_welcome(&only, "https://app.example", "api.example", false));
    assert!(!is_welcome(&only, "https://api.example", "api.example", false));
}

#[test]
fn who_names_no_origin_is_let_in_and_who_names_two_is_not() {
    let mut headers = HeaderMap::new();
    assert!(Origins::only().check(&headers, None, false).is_ok());
    headers.append(ORIGIN, HeaderValue::from_static("https://app.example"));
    assert!(Origins::default().check(&headers, Some("app.example"), false).is_ok());
    assert!(Origins::default().check(&headers, None, false).is_err());
    headers.append(ORIGIN, HeaderValue::from_static("https://app.example"));
    assert!(Origins::default().check(&headers, Some("app.example"), false).is_err());
    assert!(Origins::any().check(&headers, Some("app.example"), false).is_ok());
}

#[test]
fn a_request_with_two_hosts_is_for_none() {
    let mut headers = HeaderMap::new();
    assert_eq!(host(&headers), None);
    headers.append(HOST, HeaderValue::from_static("app.example"));
    assert_eq!(host(&headers), Some("app.example"));
    headers.append(HOST, HeaderValue::from_static("evil.example"));
    assert_eq!(host(&headers), None);
}

#[test]
fn what_pages_send_can_be_allowed_by_name() {
    for origin in [
        "null",
        "file://",
        "capacitor://localhost",
        "app://obsidian.md",
        "vscode-webview://1q2w3e",
        "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
        "moz-extension://7f0c1a52-7a4e-4c9e-9d5f-1d2c3b4a5968",
        "content://com.example.app/pages",
        "wss://app.example",
        "http://[::1]:3030",
    ] {
        let origins = allowing(Origins::only(), &[origin]);
        assert!(is_welcome(&origins, origin, "api.example", false), "{origin}");
        for other in ["null", "file://", "https://evil.example", "http://[::1]:3031", "file:///etc", "Null"] {
            assert_eq!(is_welcome(&origins, other, "api.example", false), other == origin, "{other} where {origin} is");
        }
    }
}

#[test]
fn what_is_written_to_the_log_is_bounded_and_says_what_to_do() {
    let why = |origin: &str, by_tls| {
        let headers = HeaderMap::from_iter([(ORIGIN, HeaderValue::from_bytes(origin.as_bytes()).unwrap())]);
        Origins::default().check(&headers, Some("app.example"), by_tls).unwrap_err()
    };
    assert_eq!(why(&format!("https://{}", "a".repeat(10_000)), false).origin.len(), 200);
    assert_eq!(why("https://evil.example", true).why, OriginFault::OtherHost);
    assert_eq!(why("http://evil.example", true).why, OriginFault::OtherHost);
    assert_eq!(why("http://app.example", true).why, OriginFault::WithoutTls);
    assert_eq!(why("null", false).why, OriginFault::OtherHost);
    assert_eq!(why("https://\u{e4}.example", false).why, OriginFault::Unreadable);
}

#[test]
fn what_no_page_sends_is_no_origin_and_an_error_that_says_what_one_is() {
    for origin in [
        "",
        " ",
        "*",
        "Null",
        "app.example",
        "app.example:443",
        "//app.example",
        "://app.example",
        "https://",
        "https://app.example/",
        "https://app.example/path",
        "wss://app.example/",
        "https://user@app.example",
        "https://app.example:99999",
        "https://[::1",
        "http://a b",
        "file:///a b",
        "file://\u{e4}",
        "app\u{0}://x",
        "https://*",
        "https://*.",
        "https://*app.example",
        "https://app.*.example",
        "*://app.example",
        "file://*",
    ] {
        let error = Origins::only().allow(origin).expect_err(origin);
        assert!(error.to_string().contains("is no origin: write `https://app.example`"), "{error}");
    }
    let error = io::Error::from(Origins::only().allow("https://app.example/\n").unwrap_err());
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(text.contains(r#""https://app.example/\n" is no origin: write"#), "{text}");
    }
}

#[test]
fn a_host_is_completed_by_a_port_where_it_has_none() {
    for (host, expected) in [
        ("app.example", Some("app.example:8443")),
        ("app.example:", Some("app.example:8443")),
        ("[::1]", Some("[::1]:8443")),
        ("app.example:80", None),
        ("app.example/", None),
        ("", None),
    ] {
        assert_eq!(with_port(host, 8443).as_deref(), expected, "{host}");
    }
}
