//! The handshake: from an HTTP request to the decision whether its client may connect, and as which user.
//!
//! Everything that can reject a client before the upgrade. Imports `config`, `connection` (`UserKey`), `protocol` and `wire`.

pub(crate) mod admission;
pub(crate) mod authenticate;
mod close_code;
pub(crate) mod extracted;
pub(crate) mod hello;
#[cfg(feature = "jwt")]
pub(crate) mod jwt;
pub(crate) mod reject;
pub(crate) mod request_target;
pub(crate) mod sampled_log;
pub(crate) mod subprotocols;
pub(crate) mod token;
pub(crate) mod upgrade_request;

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::str;

use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use http::{HeaderMap, HeaderName};
use percent_encoding::percent_decode_str;

use crate::config::origins;
use crate::config::proxies::{Proxies, Resolved};
use crate::handshake::hello::Hello;
use crate::handshake::reject::Reject;
use crate::handshake::token::Token;
use crate::protocol::describe::Needs;

/// Headers that may contain a secret: `Debug` does not show their values.
const SECRETS: [HeaderName; 4] = [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL];

/// The HTTP request that asks for a connection.
///
/// `Debug` shows neither the query nor the value of any header. Only the path is logged; for a rejected origin also origin and
/// host.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Handshake {
    /// The path below the mount point, with its leading slash, as the client sent it.
    pub path: String,
    /// The raw query, without its `?`; empty if there is none.
    pub query: String,
    /// All headers.
    pub headers: HeaderMap,
    /// The client's address. Behind [trusted proxies](crate::Proxies) it is the address that they report, with port 0 if they
    /// report none; behind other proxies it is the proxy's. `None` if the transport has no address and no
    /// [`PeerAddr`](crate::PeerAddr) is set.
    pub remote_addr: Option<SocketAddr>,
    pub(crate) proxied_host: Option<String>,
    pub(crate) subprotocol: Option<&'static str>,
    /// `None` if its client hears none of the framework's own frames.
    pub(crate) hello: Option<Hello>,
    pub(crate) by_tls: bool,
}

impl Handshake {
    /// A request of a plain HTTP route, so that the route can use the same extractors.
    pub fn new(path: impl Into<String>, query: impl Into<String>, mut headers: HeaderMap) -> Self {
        for (name, value) in &mut headers {
            if SECRETS.contains(name) {
                value.set_sensitive(true);
            }
        }
        Self { path: path.into(), query: query.into(), headers, ..Self::default() }
    }

    pub(crate) fn resolve_proxies(&mut self, proxies: &Proxies) {
        if let Some(Resolved { client, host, by_tls }) = proxies.resolve(self.remote_addr, &self.headers) {
            self.remote_addr = client;
            self.proxied_host = host;
            self.by_tls = by_tls;
        }
    }

    /// The host that the client asked for, with its port if that is not the default port. It comes from [trusted
    /// proxies](crate::Proxies), or else from the header `Host`. `None` if the request has no `Host`, or several.
    pub fn host(&self) -> Option<&str> {
        self.proxied_host.as_deref().or_else(|| origins::host(&self.headers))
    }

    /// The first header of this name. `None` if there is none, or it is not UTF-8.
    pub fn header(&self, name: &str) -> Option<&str> {
        str::from_utf8(self.headers.get(name)?.as_bytes()).ok()
    }

    /// The first query parameter of this name, decoded (`+` is a space). `None` if there is none, or it is not UTF-8.
    ///
    /// ```
    /// # use channel_runtime::Handshake;
    /// # let mut handshake = Handshake::default();
    /// handshake.query = "token=a%20b&lang=en".into();
    /// assert_eq!(handshake.query_param("token").as_deref(), Some("a b"));
    /// ```
    pub fn query_param(&self, name: &str) -> Option<String> {
        decoded(self.raw_query_param(name)?)
    }

    /// All of this name, decoded.
    pub(crate) fn query_params(&self, name: &str) -> impl Iterator<Item = String> {
        let pairs = self.query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        pairs
            .filter(move |(key, _)| decoded(key).is_some_and(|key| key == name))
            .filter_map(|(_, value)| decoded(value))
    }

    fn raw_query_param(&self, name: &str) -> Option<&str> {
        let mut pairs = self.query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        pairs.find_map(|(key, value)| (decoded(key)? == name).then_some(value))
    }

    /// The first cookie of this name, as it was sent. `None` if there is none, or it is not UTF-8; other cookies do not matter.
    ///
    /// ```
    /// # use channel_runtime::{Handshake, http::HeaderMap};
    /// # let mut headers = HeaderMap::new();
    /// headers.insert("cookie", "theme=dark; session=k3VyZQ".parse().unwrap());
    /// assert_eq!(Handshake::new("/chat", "", headers).cookie("session"), Some("k3VyZQ"));
    /// ```
    pub fn cookie(&self, name: &str) -> Option<&str> {
        str::from_utf8(self.raw_cookie(name)?).ok()
    }

    fn raw_cookie(&self, name: &str) -> Option<&[u8]> {
        let lines = self.headers.get_all(COOKIE).into_iter();
        let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
        pairs.filter_map(|pair| split_once(pair, b'=')).find_map(|(key, value)| {
            // The first one counts, whatever its value is.
            (key.trim_ascii() == name.as_bytes()).then(|| value.trim_ascii())
        })
    }

    pub(crate) fn cookie_token(&self, name: &str) -> Option<Token> {
        self.raw_cookie(name).map(Token::read)
    }

    pub(crate) fn query_token(&self, name: &str) -> Option<Token> {
        let value = self.raw_query_param(name)?.replace('+', " ");
        Some(Token::read(&percent_decode_str(&value).collect::<Vec<u8>>()))
    }

    /// The token of a header `Authorization: Bearer ..`. `None` if there is no such header. Bytes that are not UTF-8 become U+FFFD,
    /// so that such a token is present but matches nobody's.
    pub fn bearer_token(&self) -> Option<Token> {
        let (scheme, token) = split_once(self.headers.get(AUTHORIZATION)?.as_bytes(), b' ')?;
        scheme.eq_ignore_ascii_case(b"bearer").then(|| Token::read(token.trim_ascii_start()))
    }
}

fn split_once(bytes: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|byte| *byte == separator)?;
    Some((&bytes[..at], &bytes[at + 1..]))
}

impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, headers, remote_addr, .. } = self;
        let headers: Vec<&HeaderName> = headers.keys().collect();
        f.debug_struct("Handshake")
            .field("path", path)
            .field("headers", &headers)
            .field("remote_addr", remote_addr)
            .finish_non_exhaustive()
    }
}

fn decoded(text: &str) -> Option<String> {
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8().ok().map(Into::into)
}

/// Makes the value of a field marked `#[extract]` from the handshake and the app, before the upgrade.
///
/// ```
/// use channel_runtime::{Extract, Handshake, Reject};
///
/// struct Player(String);
///
/// impl<App: Sync> Extract<App> for Player {
///     async fn extract(handshake: &Handshake, _app: &App) -> Result<Self, Reject> {
///         let name = handshake.query_param("name").ok_or(Reject::unauthorized("who are you?"))?;
///         Ok(Player(name))
///     }
/// }
/// ```
///
/// `Option<T>` is `None` if `T` rejects because there was nothing to read (see [`Reject::absent`]). It still rejects a value that
/// is present but invalid.
///
/// # For clients
///
/// What an extractor reads is no part of its type. [`NEEDS`](Self::NEEDS) says it to the generators of clients and documentation,
/// which find it in the [description](crate::describe::ChannelDescription::needs):
///
/// ```
/// use channel_runtime::describe::Needs;
/// # use channel_runtime::{Extract, Handshake, Reject};
/// # struct Player(String);
///
/// impl<App: Sync> Extract<App> for Player {
///     const NEEDS: Needs = Needs::query("name");
///
///     async fn extract(handshake: &Handshake, _app: &App) -> Result<Self, Reject> {
///         handshake.query_param("name").map(Self).ok_or(Reject::absent("who are you?"))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be extracted from a handshake for an app of type `{App}`",
    label = "not an extractor for `{App}`",
    note = "implement `Extract<{App}>` for `{Self}`; or, where it is made from a token by `Authenticate<{App}>`, write `Auth<{Self}>`",
    note = "a type of another crate is put into one of yours, as `struct Mine({Self});`, for which it is implemented",
    note = "the request itself is an extractor, `#[extract] handshake: Handshake`, with the client's address, `handshake.remote_addr`, the headers and the query"
)]
pub trait Extract<App>: Sized {
    /// What it reads from the handshake, for descriptions alone: nothing is checked by it. [`Auth`](crate::Auth) needs a token,
    /// `Option<T>` what `T` needs, optionally.
    const NEEDS: Needs = Needs::NOTHING;

    /// Reads the value, or returns how the request is rejected.
    fn extract(handshake: &Handshake, app: &App) -> impl Future<Output = Result<Self, Reject>> + Send;
}

impl<App: Sync, T: Extract<App>> Extract<App> for Option<T> {
    const NEEDS: Needs = T::NEEDS.optional();

    async fn extract(handshake: &Handshake, app: &App) -> Result<Self, Reject> {
        match T::extract(handshake, app).await {
            Ok(value) => Ok(Some(value)),
            Err(reject) if reject.absent => Ok(None),
            Err(reject) => Err(reject),
        }
    }
}

impl<App: Sync> Extract<App> for Handshake {
    async fn extract(handshake: &Handshake, _: &App) -> Result<Self, Reject> {
        Ok(handshake.clone())
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn handshake(headers: &[(HeaderName, &'static str)]) -> Handshake {
        let headers = headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
        let mut map = HeaderMap::new();
        headers.for_each(|(name, value)| _ = map.append(name, value));
        Handshake::new("/chat", "token=secret", map)
    }

    #[test]
    fn cookies_are_told_apart_by_their_whole_names() {
        let handshake = handshake(&[(COOKIE, "mytoken=1; token =2;token=3"), (COOKIE, "other=a=b; empty=; none")]);
        for (name, value) in [
            ("mytoken", Some("1")),
            ("token", Some("2")),
            ("other", Some("a=b")),
            ("empty", Some("")),
            ("none", None),
            ("ken", None),
        ] {
            assert_eq!(handshake.cookie(name), value, "{name}");
        }
    }

    #[test]
    fn nothing_that_may_be_secret_is_shown() {
        let secrets = [
            (AUTHORIZATION, "Bearer secret"),
            (COOKIE, "session=secret"),
            (SEC_WEBSOCKET_PROTOCOL, "channels.token.secret"),
            (PROXY_AUTHORIZATION, "Basic secret"),
            (HeaderName::from_static("x-api-key"), "secret"),
        ];
        let handshake = handshake(&secrets);
        let shown = format!("{handshake:?} {handshake:#?} {:?}", handshake.bearer_token());
        assert!(!shown.contains("secret") && shown.contains("authorization"), "{shown}");
        let shown = format!("{:?}", handshake.headers);
        assert_eq!(shown.matches("secret").count(), 1, "{shown}");
    }
}
