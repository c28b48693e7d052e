use http::HeaderValue;
use proptest::prelude::*;

use super::*;

fn client(proxies: &Proxies, peer: &str, headers: &[(&str, &str)]) -> (String, Option<String>, bool) {
    let mut map = HeaderMap::from_iter([(http::header::HOST, HeaderValue::from_static("inner"))]);
    for (name, value) in headers {
        let name: HeaderName = name.parse().unwrap();
        map.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    let peer = (!peer.is_empty()).then(|| peer.parse().unwrap());
    let unresolved = || Resolved { client: peer, host: None, by_tls: false };
    let Resolved { client, host, by_tls } = proxies.resolve(peer, &map).unwrap_or_else(unresolved);
    let client = client.map_or("not known".into(), |address| address.to_string());
    (client, host.or_else(|| origins::host(&map).map(str::to_owned)), by_tls)
}

#[test]
fn x_forwarded_is_read_from_the_right_past_those_who_are_trusted() {
    let proxies = Proxies::x_forwarded(["10.0.0.0/8", "fd00::/8", "192.0.2.1"]).unwrap();
    for (peer, told, expected) in [
        // From a peer that is not trusted: no header is believed.
        ("203.0.113.9:5", &["198.51.100.7"][..], "203.0.113.9:5"),
        ("10.0.0.1:5", &[], "10.0.0.1:5"),
        ("10.0.0.1:5", &["198.51.100.7"], "198.51.100.7:0"),
        ("192.0.2.1:5", &["198.51.100.7"], "198.51.100.7:0"),
        ("[fd00::1]:5", &["198.51.100.7"], "198.51.100.7:0"),
        // A socket for both families shows IPv4 addresses like this.
        ("[::ffff:10.0.0.1]:5", &["198.51.100.7"], "198.51.100.7:0"),
        // Entries that the client made up are on the left.
        ("10.0.0.1:5", &["1.1.1.1, 198.51.100.7"], "198.51.100.7:0"),
        ("10.0.0.1:5", &["1.1.1.1", "198.51.100.7"], "198.51.100.7:0"),
        ("10.0.0.1:5", &["10.9.9.9, 198.51.100.7"], "198.51.100.7:0"),
        ("10.0.0.1:5", &["127.0.0.1, 10.9.9.9,198.51.100.7 ,10.0.0.2"], "198.51.100.7:0"),
        ("10.0.0.1:5", &["198.51.100.7", "10.0.0.3", "10.0.0.2"], "198.51.100.7:0"),
        ("10.0.0.1:5", &["\u{e4}, 198.51.100.7"], "198.51.100.7:0"),
        ("10.0.0.1:5", &["\u{e4}", "198.51.100.7"], "198.51.100.7:0"),
        ("10.0.0.1:5", &["10.0.0.3, 10.0.0.2"], "10.0.0.3:0"),
        ("10.0.0.1:5", &["198.51.100.7:4711"], "198.51.100.7:4711"),
        ("10.0.0.1:5", &["2001:db8::7"], "[2001:db8::7]:0"),
        ("10.0.0.1:5", &["[2001:db8::7]"], "[2001:db8::7]:0"),
        ("10.0.0.1:5", &["[2001:db8::7]:4711"], "[2001:db8::7]:4711"),
        ("10.0.0.1:5", &["198.51.100.7,,", ""], "198.51.100.7:0"),
        // If an entry can't be read, the client is the proxy that passed it on.
        ("10.0.0.1:5", &["nonsense"], "10.0.0.1:5"),
        ("10.0.0.1:5", &["198.51.100.7, nonsense"], "10.0.0.1:5"),
        ("10.0.0.1:5", &["198.51.100.7, nonsense, 10.0.0.2"], "10.0.0.2:0"),
        ("10.0.0.1:5", &["198.51.100.7, \u{e4}"], "10.0.0.1:5"),
        ("10.0.0.1:5", &["198.51.100.7.1"], "10.0.0.1:5"),
        ("10.0.0.1:5", &["198.51.100.7:99999"], "10.0.0.1:5"),
        ("10.0.0.1:5", &["\"198.51.100.7\""], "10.0.0.1:5"),
        ("10.0.0.1:5", &["[198.51.100.7]"], "10.0.0.1:5"),
        ("10.0.0.1:5", &["[2001:db8::7"], "10.0.0.1:5"),
        ("10.0.0.1:5", &["unknown"], "not known"),
        ("10.0.0.1:5", &["198.51.100.7, unknown"], "not known"),
        ("", &["198.51.100.7"], "not known"),
    ] {
        let headers: Vec<_> = told.iter().map(|value| ("x-forwarded-for", *value)).collect();
        assert_eq!(client(&proxies, peer, &headers).0, expected, "{told:?} from {peer}");
    }
}

#[test]
fn a_peer_without_an_address_is_trusted_where_that_is_said() {
    let proxies = Proxies::x_forwarded([""; 0]).unwrap().or_without_address();
    assert_eq!(client(&proxies, "", &[("x-forwarded-for", "198.51.100.7")]).0, "198.51.100.7:0");
    assert_eq!(client(&proxies, "", &[("x-forwarded-for", "1.1.1.1, 198.51.100.7")]).0, "198.51.100.7:0");
    assert_eq!(client(&proxies, "10.0.0.1:5", &[("x-forwarded-for", "198.51.100.7")]).0, "10.0.0.1:5");
}

#[test]
fn host_and_scheme_are_those_that_the_outermost_trusted_proxy_tells() {
    let proxies = Proxies::x_forwarded(["10.0.0.0/8"]).unwrap();
    let (address, host, proto) = ("x-forwarded-for", "x-forwarded-host", "x-forwarded-proto");
    let port = "x-forwarded-port";
    for (headers, expected, by_tls) in [
        (&[][..], "inner", false),
        (&[(address, "1.1.1.1"), (host, "app.example"), (proto, "https")], "app.example", true),
        (&[(host, "app.example"), (proto, "HTTPS")], "app.example", true),
        (&[(address, "1.1.1.1"), (proto, "wss")], "inner", true),
        (&[(address, "1.1.1.1"), (proto, "http")], "inner", false),
        // The client's own entry is before that of the only proxy.
        (&[(address, "1.1.1.1"), (host, "evil.example, app.example"), (proto, "https, http")], "app.example", false),
        // Two proxies: each with an entry of its own, or only the outer one.
        (&[(address, "1.1.1.1, 10.0.0.2"), (host, "app.example, inner"), (proto, "https, http")], "app.example", true),
        (&[(address, "1.1.1.1, 10.0.0.2"), (host, "app.example"), (proto, "https")], "app.example", true),
        (&[(address, "1.1.1.1, 10.0.0.2"), (host, "evil.example, app.example, inner")], "app.example", false),
        (&[(address, "1.1.1.1,"), (host, "app.example,"), (proto, "https,")], "app.example", true),
        (&[(address, "1.1.1.1"), (proto, "https,http")], "inner", false),
        (&[(host, "app.example")], "app.example", false),
        // A separate port completes a host without a port, reported or not. Some are invalid, some are default ports.
        (&[(address, "1.1.1.1"), (host, "app.example"), (port, "8443")], "app.example:8443", false),
        (&[(address, "1.1.1.1"), (host, "[2001:db8::1]"), (port, "8443")], "[2001:db8::1]:8443", false),
        (&[(address, "1.1.1.1"), (port, "8443"), (proto, "https")], "inner:8443", true),
        (&[(port, "8443,")], "inner:8443", false),
        (&[(address, "1.1.1.1"), (host, "app.example:444"), (port, "8443")], "app.example:444", false),
        (&[(address, "1.1.1.1"), (host, "app.example"), (port, "443"), (proto, "https")], "app.example", true),
        (&[(address, "1.1.1.1"), (host, "app.example"), (port, "80"), (proto, "https")], "app.example", true),
        (&[(address, "1.1.1.1"), (port, "84430")], "inner", false),
        (&[(address, "1.1.1.1"), (port, "nonsense")], "inner", false),
        (&[(address, "1.1.1.1, 10.0.0.2"), (port, "8443, 8080")], "inner:8443", false),
        (&[(address, "1.1.1.1, 10.0.0.2"), (port, "8443")], "inner:8443", false),
        (&[(address, "1.1.1.1"), (port, "666, 8443")], "inner:8443", false),
        // The other family is not believed.
        (&[("forwarded", "for=1.1.1.1;host=evil.example;proto=https")], "inner", false),
    ] {
        let told = client(&proxies, "10.0.0.1:5", headers);
        assert_eq!((told.1.as_deref(), told.2), (Some(expected), by_tls), "{headers:?}");
        let told = client(&proxies, "203.0.113.9:5", headers);
        assert_eq!((told.1.as_deref(), told.2), (Some("inner"), false), "{headers:?} from a stranger");
    }
}

#[test]
fn forwarded_is_read_from_the_right_too() {
    let proxies = Proxies::forwarded(["10.0.0.0/8"]).unwrap();
    for (told, expected, host) in [
        (&["for=198.51.100.7"][..], "198.51.100.7:0", "inner"),
        (&["For=\"[2001:db8::7]:4711\";Proto=https;Host=app.example"], "[2001:db8::7]:4711", "app.example"),
        (&["for=1.1.1.1;host=evil.example, for=198.51.100.7;host=app.example"], "198.51.100.7:0", "app.example"),
        (&["for=1.1.1.1;host=evil.example", "for=198.51.100.7;host=app.example"], "198.51.100.7:0", "app.example"),
        (&["for=198.51.100.7;host=app.example, for=10.0.0.2;host=inner"], "198.51.100.7:0", "app.example"),
        (&["for=198.51.100.7;host=app.example, for=10.0.0.2"], "198.51.100.7:0", "app.example"),
        (&["for=\"\u{e4}\";host=\u{e4}, for=198.51.100.7;host=app.example"], "198.51.100.7:0", "app.example"),
        (&["for=_hidden;host=app.example"], "not known", "app.example"),
        (&["for=198.51.100.7, for=unknown"], "not known", "inner"),
        (&["for=\"198.51.100.7:_port\""], "198.51.100.7:0", "inner"),
        // The client's entry must not swallow that of the proxy behind it. Then neither is believed.
        (&["for=\"1.1.1.1, for=198.51.100.7;host=app.example"], "10.0.0.1:5", "inner"),
        (&["for=\"1.1.1.1", "for=198.51.100.7;host=app.example"], "198.51.100.7:0", "app.example"),
        (&["for=1.1.1.1;host=\"evil.example, for=198.51.100.7;host=\"app.example\""], "10.0.0.1:5", "inner"),
        (&["host=app.example"], "10.0.0.1:5", "app.example"),
        (&["nonsense"], "10.0.0.1:5", "inner"),
    ] {
        let mut headers: Vec<_> = told.iter().map(|value| ("forwarded", *value)).collect();
        headers.push(("x-forwarded-for", "9.9.9.9"));
        headers.push(("x-forwarded-host", "evil.example"));
        let (client, told_host, _) = client(&proxies, "10.0.0.1:5", &headers);
        assert_eq!((client.as_str(), told_host.as_deref()), (expected, Some(host)), "{told:?}");
    }
}

proptest! {
    #[test]
    fn what_a_client_writes_never_changes_what_its_proxy_says(written in r#"([ -~]|[",;=\\]){0,40}"#, in_one_line: bool) {
        let proxies =
            |family: fn([&'static str; 1]) -> Result<Proxies, InvalidProxy>| family(["10.0.0.0/8"]).unwrap();
        for (proxies, header, added) in [
            (proxies(Proxies::x_forwarded), "x-forwarded-for", "198.51.100.7"),
            (proxies(Proxies::forwarded), "forwarded", "for=198.51.100.7;host=app.example"),
            (proxies(Proxies::forwarded), "forwarded", "for=\"198.51.100.7\";host=\"app.example\""),
        ] {
            let line = format!("{written}, {added}");
            let headers = [(header, written.as_str()), (header, added)];
            let headers = if in_one_line { &[(header, line.as_str())][..] } else { &headers };
            let (client, host, _) = client(&proxies, "10.0.0.1:5", headers);
            // An open quote makes a line of `Forwarded` unreadable, so that the client has the proxy's address.
            let is_open = in_one_line && header == "forwarded" && client == "10.0.0.1:5";
            prop_assert!(client == "198.51.100.7:0" || is_open, "{client} by {headers:?}");
            let expected = if header == "forwarded" && !is_open { "app.example" } else { "inner" };
            prop_assert_eq!(host.as_deref(), Some(expected));
        }
    }
}

#[test]
fn what_is_no_network_is_an_error_that_says_what_one_is() {
    for text in ["10.0.0.0/33", "", "10.0.0", "localhost", "10.0.0.1:80", "[::1]", "10.0.0.0/8, 127.0.0.1"] {
        let error = Proxies::forwarded(["127.0.0.1", text]).expect_err(text);
        assert_eq!(
            error.to_string(),
            format!("{text:?} is no proxy: write its address, or a network such as `10.0.0.0/8`")
        );
        assert_eq!(format!("{error:?}"), error.to_string());
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::InvalidInput);
    }
}
