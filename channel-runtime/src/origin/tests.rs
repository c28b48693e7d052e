use http::HeaderValue;

use super::*;

fn is_welcome(origins: &Origins, origin: &str, host: &str, by_tls: bool) -> bool {
    let headers = HeaderMap::from_iter([(ORIGIN, HeaderValue::from_str(origin).unwrap())]);
    origins.check(&headers, Some(host), by_tls).is_ok()
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
        // It is asked for at the usual port of https.
        ("http://app.example", "app.example:443"),
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
        // What stands in `Host` is compared too, and may be nonsense too.
        ("https://app.example", ""),
        ("https://app.example", "app.example/"),
        ("https://app.example", "user@app.example"),
        // Not the web's: an extension is no page of the host, whatever it calls itself.
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
    assert!(!is_welcome(&origins, "http://app.example", "app.example", true));
    assert!(!is_welcome(&origins, "http://app.example:443", "app.example", true));
}

#[test]
fn what_is_allowed_is_compared_as_a_whole() {
    let origins = Origins::same_host().allow("https://app.example").allow("http://localhost:5173");
    let origins = origins.allow("tauri://localhost").allow("https://*.Wild.example");
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
    ] {
        assert_eq!(is_welcome(&origins, origin, "api.example", false), expected, "{origin}");
    }
    let only = Origins::only().allow("https://app.example");
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
fn what_is_written_to_the_log_is_bounded() {
    let long = format!("https://{}", "a".repeat(10_000));
    let headers = HeaderMap::from_iter([(ORIGIN, HeaderValue::from_str(&long).unwrap())]);
    assert_eq!(Origins::default().check(&headers, None, false).unwrap_err().0.len(), 200);
}

#[test]
fn a_star_is_not_for_everything() {
    for origin in ["https://*", "https://*.", "https://*app.example", "https://app.*.example", "*", "*://app.example"] {
        assert!(std::panic::catch_unwind(|| Origins::only().allow(origin)).is_err(), "{origin}");
    }
}

#[test]
#[should_panic = "\"https://app.example/\" is no origin: write `https://app.example`"]
fn an_address_is_no_origin() {
    let _ = Origins::same_host().allow("https://app.example/");
}
