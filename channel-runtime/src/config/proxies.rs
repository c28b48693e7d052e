//! Whom a proxy speaks for: the client's address, and the host and scheme that it asked for, from headers that anybody can
//! write and only some are believed.
//!
//! Each proxy on the way says whom it has seen, at the right of what was said before. So the headers are read from the right:
//! the first word is that of the proxy which talks to us, and it is believed because that is trusted; the next one is believed
//! if the proxy that it would be from is trusted too. The first address that is nobody's we trust is the client's, and what
//! stands left of it is what the client made up.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::str;

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

use crate::config::forwarded;
use crate::config::header_list::items;
use crate::config::origins;
use crate::handshake::Handshake;

/// The proxies in front of the server, from [`Config::proxies`](crate::Config::proxies): none, and no header is believed.
///
/// ```
/// use channel_runtime::{Config, Proxies};
///
/// # fn config() -> Result<Config, channel_runtime::InvalidProxy> {
/// let proxies = Proxies::x_forwarded(["10.0.0.0/8", "127.0.0.1"])?;
/// # Ok(
/// Config::default().proxies(proxies).connections_per_ip(20)
/// # )
/// # }
/// ```
///
/// With them [`Handshake::remote_addr`](crate::Handshake::remote_addr) and [`Handshake::host`](crate::Handshake::host) are
/// the client's own, and so the bounds by address and the [`Origins`](crate::Origins) hold for clients and not for proxies.
///
/// One family of headers is believed, the one that the proxy writes: the other it passes on as it came, and a client may have
/// written it. A proxy is to append to the header or to replace it, with `X-Forwarded-Host`, `-Port` and `-Proto` too where
/// it is expected to tell these; those of a client's own it takes away. `X-Forwarded-Port` completes a host that is told
/// without a port, in `X-Forwarded-Host` or in `Host`; 80 and 443, the usual ones, add nothing. How proxies are configured for
/// it stands in `docs/behind-a-proxy.md`.
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
    /// Proxies at these addresses or in these networks, which write `X-Forwarded-For`, `-Host`, `-Port` and `-Proto`.
    ///
    /// # Errors
    /// Where one is neither an address nor a network, such as `10.0.0.0/8` or `fd00::/8`.
    pub fn x_forwarded(trusted: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, InvalidProxy> {
        Self::new(Family::XForwarded, trusted)
    }

    /// Proxies at these addresses or in these networks, which write `Forwarded` (RFC 7239).
    ///
    /// # Errors
    /// As [`x_forwarded`](Self::x_forwarded).
    pub fn forwarded(trusted: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, InvalidProxy> {
        Self::new(Family::Forwarded, trusted)
    }

    /// And whoever talks to us without an address: the proxy at the other end of a unix socket.
    #[must_use]
    pub fn or_without_address(self) -> Self {
        Self { without_address: true, ..self }
    }

    fn new(family: Family, trusted: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, InvalidProxy> {
        let network = |text: &str| text.parse().or_else(|_| text.parse().map(|address: IpAddr| address.into()));
        let network = |text: &str| network(text).map_err(|_| InvalidProxy(text.into()));
        let trusted = trusted.into_iter().map(|text| network(text.as_ref())).collect::<Result<_, _>>()?;
        Ok(Self { family: Some(family), trusted, without_address: false })
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
        let Told { client, host, port, by_tls } = told;
        let asked_for = host.as_deref().or_else(|| handshake.host());
        let completed = asked_for.zip(port).and_then(|(host, port)| origins::with_port(host, port));
        handshake.remote_addr = client;
        handshake.proxied_host = completed.or(host);
        handshake.by_tls = by_tls;
    }

    /// From the proxy that talks to us, who is trusted, to the client.
    fn follow(&self, peer: Option<SocketAddr>, hops: impl Iterator<Item = Hop>) -> Told {
        let mut told = Told { client: peer, host: None, port: None, by_tls: false };
        for Hop { node, host, port, scheme } in hops {
            // Who is further out knows better: a proxy within may have been asked for another name.
            told.host = host.or(told.host);
            told.port = port.or(told.port);
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

/// A text that was to name a proxy, and is neither an address nor a network.
#[derive(Clone, PartialEq, Eq)]
pub struct InvalidProxy(String);

/// In words, for so a `main` that returns it prints it.
impl fmt::Debug for InvalidProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for InvalidProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(text) = self;
        write!(f, "{text:?} is no proxy: write its address, or a network such as `10.0.0.0/8`")
    }
}

impl std::error::Error for InvalidProxy {}

impl From<InvalidProxy> for io::Error {
    fn from(error: InvalidProxy) -> Self {
        Self::new(io::ErrorKind::InvalidInput, error)
    }
}

/// What the proxies say, as far as they are believed.
struct Told {
    client: Option<SocketAddr>,
    host: Option<String>,
    port: Option<u16>,
    by_tls: bool,
}

/// What one proxy says of whom it has seen.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hop {
    pub node: Node,
    pub host: Option<String>,
    /// Of the host, where it is told apart from it and is not the usual one.
    pub port: Option<u16>,
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
    const PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
    const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
    let [mut nodes, mut hosts, mut ports, mut schemes] =
        [&FOR, &HOST, &PORT, &PROTO].map(|name| from_the_right(headers, name));
    std::iter::from_fn(move || {
        let (node, host, port, scheme) = (nodes.next(), hosts.next(), ports.next(), schemes.next());
        if [node, host, port, scheme] == [None; 4] {
            return None;
        }
        let node = node.map_or(Node::Nonsense, Node::parse);
        let port = port.and_then(|port| port.parse().ok()).filter(|port| ![0, 80, 443].contains(port));
        Some(Hop { node, host: host.map(str::to_owned), port, scheme: scheme.map(str::to_owned) })
    })
}

/// The items of a header that is a list, the last one first. One that is no text is nothing else either, and those beside it, which
/// a proxy may have written behind what its client said, are what they are.
fn from_the_right<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> + use<'a> {
    let texts = items(headers, name).rev().map(|item| str::from_utf8(item).unwrap_or("\u{fffd}"));
    texts.filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests;
