//! The check of the header `Origin`: which web pages may connect, against cross-site WebSocket hijacking.
//!
//! A browser lets any page open a WebSocket to any server, and sends the server's cookies along. It also sends the page's origin
//! (RFC 6454), which no page can forge.

use std::fmt;
use std::io;

use http::HeaderMap;
use http::header::{HOST, ORIGIN};

/// Which web pages may connect, from [`Config::origins`](crate::Config::origins). Others are answered 403.
///
/// ```
/// use channel_runtime::{Config, Origins};
///
/// # fn config() -> Result<Config, channel_runtime::InvalidOrigin> {
/// let origins = Origins::same_host().allow("https://app.example")?.allow("https://*.app.example")?;
/// # Ok(
/// Config::default().origins(origins)
/// # )
/// # }
/// ```
///
/// A request without `Origin` passes: it is not a browser's, and there are no user's cookies to misuse. A request with an origin is
/// judged by it, whoever sends it. A client that is no browser can send any origin, so the check does not replace a login.
///
/// An origin is compared with the `Host` of the request, or behind [trusted proxies](crate::Proxies) with the host that they
/// report. If an untrusted proxy changes `Host`, name the origins. `docs/behind-a-proxy.md` shows how a proxy passes `Host` on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origins {
    any: bool,
    same_host: bool,
    allowed: Vec<Allowed>,
}

impl Origins {
    /// Allows the pages of the requested host, by `http` or `https`: the default. Name and port of host and origin must be equal; a
    /// missing port is the scheme's default port. `ws` and `wss`, which some apps write, count as `http` and `https`.
    pub fn same_host() -> Self {
        Self { any: false, same_host: true, allowed: Vec::new() }
    }

    /// Allows only the pages that are [named](Self::allow). This is for a server without logins on a private machine or network: an
    /// attacker's domain can be made to resolve to the server's address (DNS rebinding), and would then be the same host.
    pub fn only() -> Self {
        Self { same_host: false, ..Self::same_host() }
    }

    /// Allows all pages, also with `Origin: null` and with invalid origins. This is safe only if nothing that a browser has by
    /// itself gives access: no cookies, no certificates, no place in a network.
    pub fn any() -> Self {
        Self { any: true, ..Self::same_host() }
    }

    /// Also allows the pages of this origin, such as `https://app.example` or `http://localhost:5173`. With `*.` before the host it
    /// allows all subdomains, but not the host itself. An app's own scheme is compared as text, such as `capacitor://localhost` or
    /// `file://`. So is `null`, which pages without an origin send: those in sandboxed frames and in files.
    ///
    /// # Errors
    /// If no page can have this origin. An origin is a scheme, `://`, a host, and a port if it is not the default port. It has no
    /// path, and no slash at the end.
    pub fn allow(mut self, origin: &str) -> Result<Self, InvalidOrigin> {
        self.allowed.push(Allowed::parse(origin).ok_or_else(|| InvalidOrigin(origin.into()))?);
        Ok(self)
    }

    /// `Err` has the origin as it was sent, and why it may not connect. `by_tls` if the request is known to use TLS.
    pub(crate) fn check(&self, headers: &HeaderMap, host: Option<&str>, by_tls: bool) -> Result<(), RejectedOrigin> {
        let mut origins = headers.get_all(ORIGIN).iter();
        let Some(first) = origins.next() else { return Ok(()) };
        let text = if origins.next().is_none() { first.to_str().ok() } else { None };
        let origin = text.and_then(Origin::parse);
        let is_same_host = |by_tls| {
            let is_of_host = |origin: &Origin| host.is_some_and(|host| origin.is_of_host(host, by_tls));
            self.same_host && origin.as_ref().is_some_and(is_of_host)
        };
        let is_allowed = |text: &str| self.allowed.iter().any(|allowed| allowed.covers(text, origin.as_ref()));
        if self.any || is_same_host(by_tls) || text.is_some_and(is_allowed) {
            return Ok(());
        }
        let why = if text.is_none() {
            OriginFault::Unreadable
        } else if is_same_host(false) {
            OriginFault::WithoutTls
        } else {
            OriginFault::OtherHost
        };
        Err(RejectedOrigin { origin: String::from_utf8_lossy(first.as_bytes()).chars().take(200).collect(), why })
    }
}

impl Default for Origins {
    fn default() -> Self {
        Self::same_host()
    }
}

/// The error for a text that was to be [allowed](Origins::allow), and that no page can have as its origin.
#[derive(Clone, PartialEq, Eq)]
pub struct InvalidOrigin(String);

/// The same text as `Display`, because a `main` that returns the error prints its `Debug`.
impl fmt::Debug for InvalidOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for InvalidOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(text) = self;
        write!(f, "{text:?} is no origin: write `https://app.example`, with its port where that is not the usual one")
    }
}

impl std::error::Error for InvalidOrigin {}

impl From<InvalidOrigin> for io::Error {
    fn from(error: InvalidOrigin) -> Self {
        Self::new(io::ErrorKind::InvalidInput, error)
    }
}

#[derive(Debug)]
pub(crate) struct RejectedOrigin {
    /// Cut to 200 characters.
    pub origin: String,
    pub why: OriginFault,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OriginFault {
    OtherHost,
    WithoutTls,
    Unreadable,
}

impl fmt::Display for OriginFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherHost => {
                "its origin is not the host that was asked for. Behind a proxy, let that pass `Host` on as it came, or tell it \
                 in `X-Forwarded-Host` and be named in `Config::proxies`: docs/behind-a-proxy.md. Pages of another host can be \
                 allowed by `Config::origins`"
            }
            Self::WithoutTls => "it is loaded without TLS, and would connect with it: whoever is on its way can write into it",
            Self::Unreadable => "it names several origins, or one that is no text",
        })
    }
}

pub(crate) fn host(headers: &HeaderMap) -> Option<&str> {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok(),
        _ => None,
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Allowed {
    Pages(Origin),
    AsWritten(String),
}

impl Allowed {
    fn parse(text: &str) -> Option<Self> {
        if let Some(origin) = Origin::parse(text) {
            let host = origin.host.strip_prefix("*.").unwrap_or(&origin.host);
            return (!host.is_empty() && !host.contains('*')).then_some(Self::Pages(origin));
        }
        // An app's own scheme may lack a host; a web page's scheme may not.
        let is_of_app = text.split_once("://").is_some_and(|(scheme, rest)| {
            is_scheme(scheme) && web_scheme(scheme).is_none() && rest.bytes().all(|b| b.is_ascii_graphic() && b != b'*')
        });
        (is_of_app || text == "null").then(|| Self::AsWritten(text.into()))
    }

    fn covers(&self, text: &str, origin: Option<&Origin>) -> bool {
        match self {
            Self::Pages(pages) => origin.is_some_and(|origin| pages.covers(origin)),
            Self::AsWritten(written) => text == written,
        }
    }
}

/// In lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Origin {
    scheme: String,
    /// With `*.` at the front, all its subdomains.
    host: String,
    /// `None` if it is not written and the scheme has no default port.
    port: Option<u16>,
}

impl Origin {
    fn parse(text: &str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://").filter(|(scheme, _)| is_scheme(scheme))?;
        let (host, port) = split_port(authority)?;
        let (scheme, usual) = match web_scheme(scheme) {
            Some((scheme, usual)) => (scheme.into(), Some(usual)),
            None => (scheme.to_ascii_lowercase(), None),
        };
        Some(Self { scheme, host: host.to_ascii_lowercase(), port: port.or(usual) })
    }

    /// A missing port is the origin's default. If the host uses TLS, a page must too: anybody on its way could change it otherwise.
    fn is_of_host(&self, host: &str, by_tls: bool) -> bool {
        let Some((host, port)) = split_port(host) else { return false };
        let Some((_, usual)) = web_scheme(&self.scheme) else { return false };
        (!by_tls || self.scheme == "https")
            && host.eq_ignore_ascii_case(&self.host)
            && port.unwrap_or(usual) == self.port.unwrap_or(usual)
    }

    fn covers(&self, other: &Self) -> bool {
        let host = match self.host.strip_prefix('*') {
            Some(below) => other.host.len() > below.len() && other.host.ends_with(below),
            None => other.host == self.host,
        };
        host && self.scheme == other.scheme && self.port == other.port
    }
}

fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let end_of_host = authority.find(']').map_or(0, |at| at + 1);
    let (host, port) = match authority[end_of_host..].find(':') {
        Some(at) => (&authority[..end_of_host + at], Some(&authority[end_of_host + at + 1..])),
        None => (authority, None),
    };
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~*".contains(&b);
    let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(is_plain),
    };
    let port = match port {
        None | Some("") => None,
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => Some(digits.parse().ok()?),
        Some(_) => return None,
    };
    is_host.then_some((host, port))
}

pub(crate) fn with_port(host: &str, port: u16) -> Option<String> {
    let (_, written) = split_port(host)?;
    written.is_none().then(|| format!("{}:{port}", host.trim_end_matches(':')))
}

fn is_scheme(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

/// The scheme with its default port. `ws` and `wss` count as `http` and `https`, because some apps send those, and no page can.
fn web_scheme(scheme: &str) -> Option<(&'static str, u16)> {
    let is = |names: [&str; 2]| names.iter().any(|name| scheme.eq_ignore_ascii_case(name));
    if is(["http", "ws"]) {
        Some(("http", 80))
    } else if is(["https", "wss"]) {
        Some(("https", 443))
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
