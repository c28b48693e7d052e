//! Which web pages may connect: those of the same host, and those that are named.
//!
//! A browser lets any page open a WebSocket to any server, and sends the server's cookies along. What it also sends, and no
//! page can forge, is the page's origin (RFC 6454).

use http::HeaderMap;
use http::header::{HOST, ORIGIN};

/// The web pages that may connect; others are answered 403. From [`Config::origins`](crate::Config::origins).
///
/// ```
/// use channel_runtime::{Config, Origins};
///
/// let config = Config::default().origins(Origins::same_host().allow("https://app.example").allow("https://*.app.example"));
/// ```
///
/// What is no browser sends no `Origin`, or any that it likes: it is let in, for it has no user's cookies to misuse. This is
/// no login.
///
/// An origin is compared with the `Host` of the request, behind [known proxies](crate::Proxies) with the host that they tell.
/// Where a proxy changes `Host` and is not known, name the origins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origins {
    any: bool,
    same_host: bool,
    allowed: Vec<Origin>,
}

impl Origins {
    /// The pages of the host that is asked, by `http` or `https`: its name and port equal those of the origin, where a port
    /// that is not written is the usual one. So it is without a word.
    pub fn same_host() -> Self {
        Self { any: false, same_host: true, allowed: Vec::new() }
    }

    /// Nobody's pages but those that are [allowed](Self::allow). For a server without logins on a machine or in a network of
    /// one's own: a stranger's name may be made to resolve to its address (DNS rebinding), and is the same host then.
    pub fn only() -> Self {
        Self { same_host: false, ..Self::same_host() }
    }

    /// Anybody's pages, `Origin: null` and nonsense included. Safe where no browser sends anything by itself that lets it in:
    /// no cookies, no certificates, no place in a network.
    pub fn any() -> Self {
        Self { any: true, ..Self::same_host() }
    }

    /// And the pages of this origin, such as `https://app.example` or `http://localhost:5173`; with `*.` before the host,
    /// those of all hosts below it, and not its own.
    ///
    /// # Panics
    /// Where it is no origin: a scheme, `://`, a host, and a port where it is not the usual one. There is no path, and no
    /// slash at the end.
    #[must_use]
    pub fn allow(mut self, origin: &str) -> Self {
        // A star stands for what is before a dot, and for nothing else.
        let parsed = Origin::parse(origin).filter(|origin| {
            let host = origin.host.strip_prefix("*.").unwrap_or(&origin.host);
            !host.is_empty() && !host.contains('*')
        });
        self.allowed.push(parsed.unwrap_or_else(|| {
            panic!(
                "{origin:?} is no origin: write `https://app.example`, with its port where that is not the usual one"
            )
        }));
        self
    }

    /// Whether a request may connect that is for this host, and is known to have come by TLS.
    ///
    /// # Errors
    /// The origin, as it came.
    pub(crate) fn check(&self, headers: &HeaderMap, host: Option<&str>, by_tls: bool) -> Result<(), Foreign> {
        let mut origins = headers.get_all(ORIGIN).iter();
        let Some(first) = origins.next() else { return Ok(()) };
        let origin = if origins.next().is_none() { first.to_str().ok().and_then(Origin::parse) } else { None };
        let is_welcome = |origin: &Origin| {
            (self.same_host && host.is_some_and(|host| origin.is_of_host(host, by_tls)))
                || self.allowed.iter().any(|allowed| allowed.covers(origin))
        };
        if self.any || origin.as_ref().is_some_and(is_welcome) {
            return Ok(());
        }
        Err(Foreign(String::from_utf8_lossy(first.as_bytes()).chars().take(200).collect()))
    }
}

impl Default for Origins {
    fn default() -> Self {
        Self::same_host()
    }
}

/// An origin that may not connect, cut to 200 characters, for the log.
#[derive(Debug)]
pub(crate) struct Foreign(pub String);

/// The host that a request is for: that of its one `Host`.
pub(crate) fn host(headers: &HeaderMap) -> Option<&str> {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok(),
        _ => None,
    }
}

/// A scheme, a host and a port, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Origin {
    scheme: String,
    /// With `*.` at its front, all below it.
    host: String,
    /// Nothing where the scheme has no usual one.
    port: Option<u16>,
}

impl Origin {
    fn parse(text: &str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let (host, port) = split_port(authority)?;
        let is_scheme = !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
        is_scheme.then(|| Self { port: port.or(usual_port(&scheme)), host: host.to_ascii_lowercase(), scheme })
    }

    /// Whether it is of the host that was asked, where a port that is not written is the usual one of the origin's scheme. A
    /// page without TLS is another's than one with it: whoever is on its way can write into it.
    fn is_of_host(&self, host: &str, by_tls: bool) -> bool {
        let Some((host, port)) = split_port(host) else { return false };
        let Some(usual) = usual_port(&self.scheme) else { return false };
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

/// `host` or `host:port`, where an IPv6 address stands in brackets; nothing for anything else.
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

fn usual_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
