//! Whom a proxy speaks for: the client's address, and the host and scheme that it asked for, from headers that anybody can
//! write and only some are believed.
//!
//! Each proxy on the way says whom it has seen, at the right of what was said before. So the headers are read from the right:
//! the first word is that of the proxy which talks to us, and it is believed because that is trusted; the next one is believed
//! if the proxy that it would be from is trusted too. The first address that is nobody's we trust is the client's, and what
//! stands left of it is what the client made up.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

use crate::forwarded;
use crate::handshake::Handshake;

/// The proxies in front of the server, from [`Config::proxies`](crate::Config::proxies): none, and no header is believed.
///
/// ```
/// use channel_runtime::{Config, Proxies};
///
/// let config = Config::default().proxies(Proxies::x_forwarded(["10.0.0.0/8", "127.0.0.1"])).connections_per_ip(20);
/// ```
///
/// With them [`Handshake::remote_addr`](crate::Handshake::remote_addr) and [`Handshake::host`](crate::Handshake::host) are
/// the client's own, and so the bounds by address and the [`Origins`](crate::Origins) hold for clients and not for proxies.
///
/// One family of headers is believed, the one that the proxy writes: the other it passes on as it came, and a client may have
/// written it. A proxy is to append to the header or to replace it, with `X-Forwarded-Host` and `X-Forwarded-Proto` too where
/// it is expected to tell these.
///
/// What can't be read is never believed: the client is then the proxy which passed it on. Where a trusted proxy hides an
/// address (`for=unknown`, `for=_name`), it is not known.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    family: Option<Family>,
    trusted: Vec<IpNet>,
    without_address: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    XForwarded,
    Forwarded,
}

impl Proxies {
    /// Proxies at these addresses or in these networks, which write `X-Forwarded-For`, `-Host` and `-Proto`.
    ///
    /// # Panics
    /// Where one is neither an address nor a network, such as `10.0.0.0/8` or `fd00::/8`.
    pub fn x_forwarded(trusted: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        Self::new(Family::XForwarded, trusted)
    }

    /// Proxies at these addresses or in these networks, which write `Forwarded` (RFC 7239).
    ///
    /// # Panics
    /// As [`x_forwarded`](Self::x_forwarded).
    pub fn forwarded(trusted: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        Self::new(Family::Forwarded, trusted)
    }

    /// And whoever talks to us without an address: the proxy at the other end of a unix socket.
    #[must_use]
    pub fn or_without_address(self) -> Self {
        Self { without_address: true, ..self }
    }

    fn new(family: Family, trusted: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let network = |text: &str| text.parse().or_else(|_| text.parse().map(|address: IpAddr| address.into()));
        let network = |text: &str| match network(text) {
            Ok(network) => network,
            Err(_) => panic!("{text:?} is no proxy: write its address, or a network such as `10.0.0.0/8`"),
        };
        let trusted = trusted.into_iter().map(|text| network(text.as_ref())).collect();
        Self { family: Some(family), trusted, without_address: false }
    }

    /// Puts the client in the place of the proxies that speak for it.
    pub(crate) fn believe(&self, handshake: &mut Handshake) {
        let Some(family) = self.family else { return };
        if !self.trusts(handshake.remote_addr) {
            return;
        }
        let told = match family {
            Family::XForwarded => self.follow(handshake.remote_addr, x_forwarded(&handshake.headers)),
            Family::Forwarded => self.follow(handshake.remote_addr, forwarded::hops(&handshake.headers)),
        };
        let Told { client, host, by_tls } = told;
        handshake.remote_addr = client;
        handshake.proxied_host = host;
        handshake.by_tls = by_tls;
    }

    /// From the proxy that talks to us, who is trusted, to the client.
    fn follow(&self, peer: Option<SocketAddr>, hops: impl Iterator<Item = Hop>) -> Told {
        let mut told = Told { client: peer, host: None, by_tls: false };
        for Hop { node, host, scheme } in hops {
            // Who is further out knows better: a proxy within may have been asked for another name.
            told.host = host.or(told.host);
            if let Some(scheme) = scheme {
                told.by_tls = ["https", "wss"].iter().any(|tls| scheme.eq_ignore_ascii_case(tls));
            }
            match node {
                Node::Address(address) => {
                    told.client = Some(address);
                    if !self.trusts(told.client) {
                        break;
                    }
                }
                Node::Hidden => {
                    told.client = None;
                    break;
                }
                Node::Nonsense => break,
            }
        }
        told
    }

    fn trusts(&self, peer: Option<SocketAddr>) -> bool {
        match peer {
            Some(peer) => {
                let address = peer.ip().to_canonical();
                self.trusted.iter().any(|network| network.contains(&address))
            }
            None => self.without_address,
        }
    }
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { family, trusted, without_address } = self;
        let Some(family) = family else { return f.write_str("Proxies(none)") };
        let mut shown = f.debug_struct("Proxies");
        shown.field("family", family).field("trusted", trusted).field("without_address", without_address).finish()
    }
}

/// What the proxies say, as far as they are believed.
struct Told {
    client: Option<SocketAddr>,
    host: Option<String>,
    by_tls: bool,
}

/// What one proxy says of whom it has seen.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hop {
    pub node: Node,
    pub host: Option<String>,
    pub scheme: Option<String>,
}

/// Whom a proxy has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    /// With port 0 where none is told.
    Address(SocketAddr),
    /// The proxy does not say.
    Hidden,
    /// Nothing that could be read.
    Nonsense,
}

impl Node {
    /// An address with or without a port, in brackets or without, or a name that hides one (RFC 7239, section 6).
    pub fn parse(text: &str) -> Self {
        if text.eq_ignore_ascii_case("unknown") || text.starts_with('_') {
            return Self::Hidden;
        }
        if let Ok(address) = text.parse() {
            return Self::Address(address);
        }
        // A port may be hidden too.
        let host = match text.rsplit_once(":_") {
            Some((host, _)) => host,
            None => text,
        };
        let in_brackets = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let address = match in_brackets {
            Some(address) => address.parse().map(IpAddr::V6),
            None => host.parse(),
        };
        address.map_or(Self::Nonsense, |address| Self::Address((address, 0).into()))
    }
}

/// What `X-Forwarded-..` say, the nearest proxy's word first: what stands at the same place from the right is one proxy's.
fn x_forwarded(headers: &HeaderMap) -> impl Iterator<Item = Hop> {
    const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
    const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
    const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
    let (mut nodes, mut hosts, mut schemes) =
        (from_the_right(headers, FOR), from_the_right(headers, HOST), from_the_right(headers, PROTO));
    std::iter::from_fn(move || {
        let (node, host, scheme) = (nodes.next(), hosts.next(), schemes.next());
        if node.is_none() && host.is_none() && scheme.is_none() {
            return None;
        }
        let node = node.map_or(Node::Nonsense, Node::parse);
        Some(Hop { node, host: host.map(str::to_owned), scheme: scheme.map(str::to_owned) })
    })
}

/// The items of a header that is a list, the last one first. What is not text is an item that is nothing else either.
fn from_the_right(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter().rev().map(|value| value.to_str().unwrap_or("\u{fffd}"));
    values.flat_map(|value| value.rsplit(',')).map(str::trim).filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    /// Who the client is, and the host it asked for, of a request from this peer with these headers.
    fn client(proxies: &Proxies, peer: &str, headers: &[(&str, &str)]) -> (String, Option<String>, bool) {
        let mut map = HeaderMap::from_iter([(http::header::HOST, HeaderValue::from_static("inner"))]);
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            map.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let mut handshake = Handshake::new("/", "", map);
        handshake.remote_addr = (!peer.is_empty()).then(|| peer.parse().unwrap());
        proxies.believe(&mut handshake);
        let client = handshake.remote_addr.map_or("not known".into(), |address| address.to_string());
        (client, handshake.host().map(str::to_owned), handshake.by_tls)
    }

    #[test]
    fn x_forwarded_is_read_from_the_right_past_those_who_are_trusted() {
        let proxies = Proxies::x_forwarded(["10.0.0.0/8", "fd00::/8", "192.0.2.1"]);
        for (peer, told, expected) in [
            // By somebody who is not trusted: nothing is believed.
            ("203.0.113.9:5", &["198.51.100.7"][..], "203.0.113.9:5"),
            ("10.0.0.1:5", &[], "10.0.0.1:5"),
            ("10.0.0.1:5", &["198.51.100.7"], "198.51.100.7:0"),
            ("192.0.2.1:5", &["198.51.100.7"], "198.51.100.7:0"),
            ("[fd00::1]:5", &["198.51.100.7"], "198.51.100.7:0"),
            // A socket for both families has IPv4 addresses so.
            ("[::ffff:10.0.0.1]:5", &["198.51.100.7"], "198.51.100.7:0"),
            // What the client made up stands to the left.
            ("10.0.0.1:5", &["1.1.1.1, 198.51.100.7"], "198.51.100.7:0"),
            ("10.0.0.1:5", &["1.1.1.1", "198.51.100.7"], "198.51.100.7:0"),
            ("10.0.0.1:5", &["10.9.9.9, 198.51.100.7"], "198.51.100.7:0"),
            ("10.0.0.1:5", &["127.0.0.1, 10.9.9.9,198.51.100.7 ,10.0.0.2"], "198.51.100.7:0"),
            ("10.0.0.1:5", &["198.51.100.7", "10.0.0.3", "10.0.0.2"], "198.51.100.7:0"),
            // Somebody within.
            ("10.0.0.1:5", &["10.0.0.3, 10.0.0.2"], "10.0.0.3:0"),
            // As some proxies write it.
            ("10.0.0.1:5", &["198.51.100.7:4711"], "198.51.100.7:4711"),
            ("10.0.0.1:5", &["2001:db8::7"], "[2001:db8::7]:0"),
            ("10.0.0.1:5", &["[2001:db8::7]"], "[2001:db8::7]:0"),
            ("10.0.0.1:5", &["[2001:db8::7]:4711"], "[2001:db8::7]:4711"),
            ("10.0.0.1:5", &["198.51.100.7,,", ""], "198.51.100.7:0"),
            // What can't be read is the word of the proxy before it.
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
        let proxies = Proxies::x_forwarded([""; 0]).or_without_address();
        assert_eq!(client(&proxies, "", &[("x-forwarded-for", "198.51.100.7")]).0, "198.51.100.7:0");
        assert_eq!(client(&proxies, "", &[("x-forwarded-for", "1.1.1.1, 198.51.100.7")]).0, "198.51.100.7:0");
        assert_eq!(client(&proxies, "10.0.0.1:5", &[("x-forwarded-for", "198.51.100.7")]).0, "10.0.0.1:5");
    }

    #[test]
    fn host_and_scheme_are_those_that_the_outermost_trusted_proxy_tells() {
        let proxies = Proxies::x_forwarded(["10.0.0.0/8"]);
        let (address, host, proto) = ("x-forwarded-for", "x-forwarded-host", "x-forwarded-proto");
        for (headers, expected, by_tls) in [
            (&[][..], "inner", false),
            (&[(address, "1.1.1.1"), (host, "app.example"), (proto, "https")], "app.example", true),
            (&[(host, "app.example"), (proto, "HTTPS")], "app.example", true),
            (&[(address, "1.1.1.1"), (proto, "wss")], "inner", true),
            (&[(address, "1.1.1.1"), (proto, "http")], "inner", false),
            // The client's own word, before that of the one proxy.
            (
                &[(address, "1.1.1.1"), (host, "evil.example, app.example"), (proto, "https, http")],
                "app.example",
                false,
            ),
            // Two proxies: each with a word of its own, or the outer one alone.
            (
                &[(address, "1.1.1.1, 10.0.0.2"), (host, "app.example, inner"), (proto, "https, http")],
                "app.example",
                true,
            ),
            (&[(address, "1.1.1.1, 10.0.0.2"), (host, "app.example"), (proto, "https")], "app.example", true),
            (&[(address, "1.1.1.1, 10.0.0.2"), (host, "evil.example, app.example, inner")], "app.example", false),
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
        let proxies = Proxies::forwarded(["10.0.0.0/8"]);
        for (told, expected, host) in [
            (&["for=198.51.100.7"][..], "198.51.100.7:0", "inner"),
            (&["For=\"[2001:db8::7]:4711\";Proto=https;Host=app.example"], "[2001:db8::7]:4711", "app.example"),
            (&["for=1.1.1.1;host=evil.example, for=198.51.100.7;host=app.example"], "198.51.100.7:0", "app.example"),
            (&["for=1.1.1.1;host=evil.example", "for=198.51.100.7;host=app.example"], "198.51.100.7:0", "app.example"),
            (&["for=198.51.100.7;host=app.example, for=10.0.0.2;host=inner"], "198.51.100.7:0", "app.example"),
            (&["for=198.51.100.7;host=app.example, for=10.0.0.2"], "198.51.100.7:0", "app.example"),
            (&["for=_hidden;host=app.example"], "not known", "app.example"),
            (&["for=198.51.100.7, for=unknown"], "not known", "inner"),
            (&["for=\"198.51.100.7:_port\""], "198.51.100.7:0", "inner"),
            // The client's own word must not swallow that of the proxy behind it: then neither is believed.
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
        /// All that a client can write stands left of what the proxy adds, in the same line or in one before it.
        #[test]
        fn what_a_client_writes_never_changes_what_its_proxy_says(written in r#"([ -~]|[",;=\\]){0,40}"#, in_one_line: bool) {
            let proxies = |family: fn([&'static str; 1]) -> Proxies| family(["10.0.0.0/8"]);
            for (proxies, header, added) in [
                (proxies(Proxies::x_forwarded), "x-forwarded-for", "198.51.100.7"),
                (proxies(Proxies::forwarded), "forwarded", "for=198.51.100.7;host=app.example"),
                (proxies(Proxies::forwarded), "forwarded", "for=\"198.51.100.7\";host=\"app.example\""),
            ] {
                let line = format!("{written}, {added}");
                let headers = [(header, written.as_str()), (header, added)];
                let headers = if in_one_line { &[(header, line.as_str())][..] } else { &headers };
                let (client, host, _) = client(&proxies, "10.0.0.1:5", headers);
                // A quote that is left open makes a line of `Forwarded` nonsense, and the client the proxy's.
                let is_open = in_one_line && header == "forwarded" && client == "10.0.0.1:5";
                prop_assert!(client == "198.51.100.7:0" || is_open, "{client} by {headers:?}");
                let expected = if header == "forwarded" && !is_open { "app.example" } else { "inner" };
                prop_assert_eq!(host.as_deref(), Some(expected));
            }
        }
    }

    #[test]
    #[should_panic = "\"10.0.0.0/33\" is no proxy: write its address, or a network such as `10.0.0.0/8`"]
    fn what_is_no_network_is_refused() {
        let _ = Proxies::forwarded(["127.0.0.1", "10.0.0.0/33"]);
    }
}
