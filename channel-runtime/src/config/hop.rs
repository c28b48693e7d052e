//! One hop of a request through a proxy, as `Forwarded` or `X-Forwarded-..` report it.

use std::net::{IpAddr, SocketAddr};

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hop {
    pub node: NodeIdentifier,
    pub host: Option<String>,
    /// The port of the host, if a header of its own names one that is not a default port.
    pub port: Option<u16>,
    pub scheme: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NodeIdentifier {
    /// With port 0 if the proxy reports none.
    Address(SocketAddr),
    Hidden,
    Nonsense,
}

impl NodeIdentifier {
    /// Reads an address with or without a port and brackets, or a name that hides one (RFC 7239, section 6).
    pub fn parse(text: &str) -> Self {
        if text.eq_ignore_ascii_case("unknown") || text.starts_with('_') {
            return Self::Hidden;
        }
        if let Ok(address) = text.parse() {
            return Self::Address(address);
        }
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
