//! Trusted reverse proxies: the client's address, host and scheme from `Forwarded` or `X-Forwarded-..` headers, which anybody can
//! write and only trusted peers are believed in.
//!
//! Each proxy appends the address that connected to it at the right. So an entry is believed, from the right, if the proxy that
//! wrote it is trusted. The first address that is not trusted is the client's; everything left of it may be made up by the client.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::str;

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

use crate::config::forwarded;
use crate::config::header_list::items;
use crate::config::hop::{Hop, NodeIdentifier};
use crate::config::origins;

/// The trusted proxies in front of the server, from [`Config::proxies`](crate::Config::proxies). By default there are none, and no
/// header is believed.
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
/// With trusted proxies, [`Handshake::remote_addr`](crate::Handshake::remote_addr) is the client's address and
/// [`Handshake::host`](crate::Handshake::host) is the host that the client asked for. So the limits per address and the
/// [`Origins`](crate::Origins) apply to the clients, not to the proxies.
///
/// Only one family of headers is believed, the one that the proxy writes. A proxy passes the other family on unchanged, and a
/// client may have written it. The proxy must append to the header or replace it. The same goes for `X-Forwarded-Host`, `-Port` and
/// `-Proto` if the proxy sends them; if it does not, it must remove those of the client. `X-Forwarded-Port` completes a host
/// without a port, from `X-Forwarded-Host` or from `Host`; the default ports 80 and 443 add nothing. `docs/behind-a-proxy.md` shows
/// how to configure proxies.
///
/// An entry that can't be read is never believed: the client's address is then that of the proxy which passed the entry on. If a
/// trusted proxy hides an address (`for=unknown`, `for=_name`), the client's address is not known.
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
    /// Trusts the proxies at these addresses or in these networks, which write `X-Forwarded-For`, `-Host`, `-Port` and `-Proto`.
    ///
    /// # Errors
    /// If a text is neither an address nor a network, such as `10.0.0.0/8` or `fd00::/8`.
    pub fn x_forwarded(trusted: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, InvalidProxy> {
        Self::new(Family::XForwarded, trusted)
    }

    /// Trusts the proxies at these addresses or in these networks, which write `Forwarded` (RFC 7239).
    ///
    /// # Errors
    /// As for [`x_forwarded`](Self::x_forwarded).
    pub fn forwarded(trusted: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, InvalidProxy> {
        Self::new(Family::Forwarded, trusted)
    }

    /// Also trusts every peer without an address: the proxy at the other end of a unix socket.
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

    /// `None` if the peer is no trusted proxy: then the peer is the client.
    pub(crate) fn resolve(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> Option<Resolved> {
        let family = self.family.filter(|_| self.trusts(peer))?;
        let reported = match family {
            Family::XForwarded => self.follow(peer, x_forwarded(headers)),
            Family::Forwarded => self.follow(peer, forwarded::hops(headers)),
        };
        let Reported { client, host, port, by_tls } = reported;
        let asked_for = host.as_deref().or_else(|| origins::host(headers));
        let completed = asked_for.zip(port).and_then(|(host, port)| origins::with_port(host, port));
        Some(Resolved { client, host: completed.or(host), by_tls })
    }

    fn follow(&self, peer: Option<SocketAddr>, hops: impl Iterator<Item = Hop>) -> Reported {
        let mut reported = Reported { client: peer, host: None, port: None, by_tls: false };
        for Hop { node, host, port, scheme } in hops {
            // The outer proxy knows better: an inner one may have been asked for another name.
            reported.host = host.or(reported.host);
            reported.port = port.or(reported.port);
            if let Some(scheme) = scheme {
                reported.by_tls = ["https", "wss"].iter().any(|tls| scheme.eq_ignore_ascii_case(tls));
            }
            match node {
                NodeIdentifier::Address(address) => {
                    reported.client = Some(address);
                    if !self.trusts(reported.client) {
                        break;
                    }
                }
                NodeIdentifier::Hidden => {
                    reported.client = None;
                    break;
                }
                NodeIdentifier::Nonsense => break,
            }
        }
        reported
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

/// The error for a text that names no proxy: it is neither an address nor a network.
#[derive(Clone, PartialEq, Eq)]
pub struct InvalidProxy(String);

/// The same text as `Display`, because a `main` that returns the error prints its `Debug`.
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

pub(crate) struct Resolved {
    /// With port 0 if it is not reported. `None` if a proxy hides it.
    pub client: Option<SocketAddr>,
    /// `None` if no proxy reports it: then the header `Host` counts.
    pub host: Option<String>,
    pub by_tls: bool,
}

struct Reported {
    client: Option<SocketAddr>,
    host: Option<String>,
    port: Option<u16>,
    by_tls: bool,
}

/// The hops in `X-Forwarded-..`, nearest proxy first. Items at the same place from the right belong to one proxy.
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
        let node = node.map_or(NodeIdentifier::Nonsense, NodeIdentifier::parse);
        let port = port.and_then(|port| port.parse().ok()).filter(|port| ![0, 80, 443].contains(port));
        Some(Hop { node, host: host.map(str::to_owned), port, scheme: scheme.map(str::to_owned) })
    })
}

/// Last item first. An item that is no text becomes U+FFFD: it must not hide those beside it, which a proxy may have written.
fn from_the_right<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> + use<'a> {
    let texts = items(headers, name).rev().map(|item| str::from_utf8(item).unwrap_or("\u{fffd}"));
    texts.filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests;
