//! From an HTTP request to a decision: whether this client may connect, and as whom.
//!
//! [`Handshake`] is what the request said, and [`Extract`] what is read from it. What can be refused is refused here, before the
//! upgrade. Imports `config`, `protocol` and `wire`.

pub(crate) mod admission;
pub(crate) mod authenticate;
mod close_code;
#[cfg(feature = "jwt")]
pub(crate) mod jwt;
pub(crate) mod reject;
pub(crate) mod request_target;
mod sampled_log;
pub(crate) mod token;
pub(crate) mod upgrade_request;

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::str;

use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use http::{HeaderMap, HeaderName};
use percent_encoding::{percent_decode, percent_decode_str};

use crate::config::header_list::items;
use crate::config::origins;
use crate::config::proxies::{Proxies, Resolved};
use crate::handshake::reject::Reject;
use crate::handshake::token::Token;

/// What stands in `Sec-WebSocket-Protocol` before a token.
const TOKEN_PREFIX: &[u8] = b"channels.token.";

/// Headers that may hold a secret: their values hide themselves in `Debug`.
const SECRETS: [HeaderName; 4] = [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL];

/// The request that asks for a connection.
///
/// Its `Debug` shows neither the query nor the value of any header, and nothing here is ever logged but the path, and of a
/// page that may not connect the origin and the host.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Handshake {
    /// The path below the mount point, with its leading slash, as the client sent it.
    pub path: String,
    /// The raw query, without its `?`; empty where there is none.
    pub query: String,
    /// All headers.
    pub headers: HeaderMap,
    /// The peer's address, where the transport has one or a [`PeerAddr`](crate::PeerAddr) tells it. Behind
    /// [known proxies](crate::Proxies) it is the client's, with port 0 where that is not told; behind others it is theirs.
    pub remote_addr: Option<SocketAddr>,
    /// The host as a trusted proxy tells it.
    pub(crate) proxied_host: Option<String>,
    /// Whether the client is known to have come by TLS.
    pub(crate) by_tls: bool,
}

impl Handshake {
    /// What a plain HTTP route has of a request, so that it can be asked with the same extractors.
    pub fn new(path: impl Into<String>, query: impl Into<String>, mut headers: HeaderMap) -> Self {
        for (name, value) in &mut headers {
            if SECRETS.contains(name) {
                value.set_sensitive(true);
            }
        }
        Self { path: path.into(), query: query.into(), headers, ..Self::default() }
    }

    /// Replaces the address, host and scheme of a trusted proxy with those of its client.
    pub(crate) fn resolve_proxies(&mut self, proxies: &Proxies) {
        if let Some(Resolved { client, host, by_tls }) = proxies.resolve(self.remote_addr, &self.headers) {
            self.remote_addr = client;
            self.proxied_host = host;
            self.by_tls = by_tls;
        }
    }

    /// The host that the client asked for, with its port where that is not the usual one: the `Host` of the request, where it
    /// has one and not several, or what [known proxies](crate::Proxies) say that it was.
    pub fn host(&self) -> Option<&str> {
        self.proxied_host.as_deref().or_else(|| origins::host(&self.headers))
    }

    /// The first header of this name, where it is text, in UTF-8.
    pub fn header(&self, name: &str) -> Option<&str> {
        str::from_utf8(self.headers.get(name)?.as_bytes()).ok()
    }

    /// The first query parameter of this name, decoded (`+` is a space).
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

    fn raw_query_param(&self, name: &str) -> Option<&str> {
        let mut pairs = self.query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        pairs.find_map(|(key, value)| (decoded(key)? == name).then_some(value))
    }

    /// The first cookie of this name, as it was sent, where it is text, in UTF-8; whatever the others are.
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
            // The first counts, whatever it is: it is what the client means.
            (key.trim_ascii() == name.as_bytes()).then(|| value.trim_ascii())
        })
    }

    /// The token in the cookie of this name.
    pub(crate) fn cookie_token(&self, name: &str) -> Option<Token> {
        self.raw_cookie(name).map(Token::read)
    }

    /// The token in the first query parameter of this name.
    pub(crate) fn query_token(&self, name: &str) -> Option<Token> {
        let value = self.raw_query_param(name)?.replace('+', " ");
        Some(Token::read(&percent_decode_str(&value).collect::<Vec<u8>>()))
    }

    /// The token of an `Authorization: Bearer ..` header. One that is no text is a token nevertheless, and nobody's: what of it is
    /// not UTF-8 stands there as U+FFFD.
    pub fn bearer_token(&self) -> Option<Token> {
        let (scheme, token) = split_once(self.headers.get(AUTHORIZATION)?.as_bytes(), b' ')?;
        scheme.eq_ignore_ascii_case(b"bearer").then(|| Token::read(token.trim_ascii_start()))
    }

    /// The token among the offered subprotocols, where a page can put one that stays out of the URL:
    ///
    /// ```js
    /// new WebSocket(url, ["channels.1.json", "channels.token." + encodeURIComponent(token)])
    /// ```
    ///
    /// It is never named in the answer, so a client that offers it offers `channels.1.json` too, and is told 400 otherwise.
    /// Percent-encoding is taken off; parentheses, which `encodeURIComponent` leaves, can't stand in a subprotocol. One that is no
    /// text is as in [`bearer_token`](Self::bearer_token).
    pub fn subprotocol_token(&self) -> Option<Token> {
        let mut offers = items(&self.headers, &SEC_WEBSOCKET_PROTOCOL);
        let token = offers.find_map(|offered| offered.strip_prefix(TOKEN_PREFIX))?;
        Some(Token::read(&percent_decode(token).collect::<Vec<u8>>()))
    }
}

/// Whether all that a client offers is a token.
pub(crate) fn offers_a_token_alone(headers: &HeaderMap) -> bool {
    let mut offers = items(headers, &SEC_WEBSOCKET_PROTOCOL).filter(|offered| !offered.is_empty()).peekable();
    offers.peek().is_some() && offers.all(|offered| offered.starts_with(TOKEN_PREFIX))
}

/// What is before and behind the first of these bytes.
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

/// A piece of a query in plain text; nothing where it is not UTF-8.
fn decoded(text: &str) -> Option<String> {
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8().ok().map(Into::into)
}

/// What a field marked `#[extract]` is made from: the handshake and the app, before the upgrade.
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
/// `Option<T>` is nothing where `T` says 401 because there was nothing to read (see [`Reject::absent`]), and still rejects
/// what is there but broken.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be extracted from a handshake for an app of type `{App}`",
    label = "not an extractor for `{App}`",
    note = "implement `Extract<{App}>` for `{Self}`; or, where it is made from a token by `Authenticate<{App}>`, write `Auth<{Self}>`",
    note = "a type of another crate is put into one of yours, as `struct Mine({Self});`, for which it is implemented",
    note = "the request itself is an extractor, `#[extract] handshake: Handshake`, with the client's address, `handshake.remote_addr`, the headers and the query"
)]
pub trait Extract<App>: Sized {
    /// Reads the value, or says how the request is refused.
    fn extract(handshake: &Handshake, app: &App) -> impl Future<Output = Result<Self, Reject>> + Send;
}

impl<App: Sync, T: Extract<App>> Extract<App> for Option<T> {
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
    fn a_token_among_the_subprotocols_is_one_that_says_so() {
        for (offered, token) in [
            ("channels.1.json, channels.token.abc.d-e_f", Some("abc.d-e_f")),
            ("channels.token.a%2Fb%3D%C3%A4,channels.1.json", Some("a/b=\u{e4}")),
            ("channels.token.", Some("")),
            ("channels.1.json", None),
            ("channels.token.%FF", Some("\u{fffd}")),
            ("Channels.Token.abc", None),
            ("xchannels.token.abc", None),
        ] {
            let found = handshake(&[(SEC_WEBSOCKET_PROTOCOL, offered)]).subprotocol_token();
            assert_eq!(found.as_ref().map(Token::expose), token, "{offered}");
        }
        let split = handshake(&[(SEC_WEBSOCKET_PROTOCOL, "chat"), (SEC_WEBSOCKET_PROTOCOL, "channels.token.abc")]);
        assert_eq!(split.subprotocol_token().unwrap().expose(), "abc");
    }

    #[test]
    fn a_token_alone_is_no_offer_of_a_protocol() {
        for (offered, alone) in [
            ("channels.token.abc", true),
            ("channels.token.abc, channels.token.def", true),
            ("channels.1.json, channels.token.abc", false),
            ("chat, channels.token.abc", false),
            ("chat", false),
            ("", false),
        ] {
            assert_eq!(
                offers_a_token_alone(&handshake(&[(SEC_WEBSOCKET_PROTOCOL, offered)]).headers),
                alone,
                "{offered}"
            );
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
        // Nor are those that are known to be, by whoever shows the headers themselves.
        let shown = format!("{:?}", handshake.headers);
        assert_eq!(shown.matches("secret").count(), 1, "{shown}");
    }
}
