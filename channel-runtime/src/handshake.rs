//! From an HTTP request to a handler: what the request said, what is read from it, and how it is refused.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use percent_encoding::percent_decode_str;
use warp::Reply;
use warp::reply::Response;

/// The request that asks for a connection.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Handshake {
    /// The path below the mount point, with its leading slash, as the client sent it.
    pub path: String,
    /// The raw query, without its `?`; empty where there is none.
    pub query: String,
    /// All headers.
    pub headers: HeaderMap,
    /// The peer's address, where the transport has one or a [`PeerAddr`](crate::PeerAddr) tells it; behind a proxy it is the
    /// proxy's.
    pub remote_addr: Option<SocketAddr>,
}

impl Handshake {
    /// What a plain HTTP route has of a request, so that it can be asked with the same extractors.
    pub fn new(path: impl Into<String>, query: impl Into<String>, headers: HeaderMap) -> Self {
        Self { path: path.into(), query: query.into(), headers, remote_addr: None }
    }

    /// The first header of this name, where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
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
        self.query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(key)? == name).then(|| decoded(value))?
        })
    }

    /// The token of an `Authorization: Bearer ..` header.
    pub fn bearer_token(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start_matches(' '))
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
/// impl<A: Sync> Extract<A> for Player {
///     async fn extract(handshake: &Handshake, _app: &A) -> Result<Self, Reject> {
///         let name = handshake.query_param("name").ok_or(Reject::unauthorized("who are you?"))?;
///         Ok(Player(name))
///     }
/// }
/// ```
///
/// `Option<T>` is nothing where `T` says 401 because there was nothing to read (see [`Reject::absent`]), and still rejects
/// what is there but broken.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be extracted from a handshake for an app of type `{A}`",
    label = "not an extractor for `{A}`",
    note = "implement `Extract<{A}>` for `{Self}`"
)]
pub trait Extract<A>: Sized {
    /// Reads the value, or says how the request is refused.
    fn extract(handshake: &Handshake, app: &A) -> impl Future<Output = Result<Self, Reject>> + Send;
}

impl<A: Sync, T: Extract<A>> Extract<A> for Option<T> {
    async fn extract(handshake: &Handshake, app: &A) -> Result<Self, Reject> {
        match T::extract(handshake, app).await {
            Ok(value) => Ok(Some(value)),
            Err(reject) if reject.absent => Ok(None),
            Err(reject) => Err(reject),
        }
    }
}

impl<A: Sync> Extract<A> for Handshake {
    async fn extract(handshake: &Handshake, _: &A) -> Result<Self, Reject> {
        Ok(handshake.clone())
    }
}

/// A refusal before the upgrade: an HTTP status and a line of text.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Reject {
    /// The status of the answer, an error's.
    pub status: StatusCode,
    /// The answer's body, as plain text.
    pub message: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    absent: bool,
}

impl Reject {
    /// Any status; one that is no error (below 400) becomes 500.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let is_error = status.is_client_error() || status.is_server_error();
        let status = if is_error { status } else { StatusCode::INTERNAL_SERVER_ERROR };
        Self { status, message: message.into(), headers: Vec::new(), absent: false }
    }

    /// 400: the request is broken.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 401: who is asking is not known.
    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, message).with_header(http::header::WWW_AUTHENTICATE, "Bearer")
    }

    /// 401 because nothing was given: what an extractor says so that an `Option` of it is `None`.
    pub fn absent(message: impl Into<String>) -> Self {
        Self { absent: true, ..Self::unauthorized(message) }
    }

    /// 403: who is asking may not.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    /// 404: there is no such thing.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// 500: the server's own failure. The cause is logged with an id, and the client is told the id alone.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let (fault, id) = crate::fault::Fault::unexplained();
        let cause = cause.into();
        tracing::error!(%id, error = &*cause as &dyn std::error::Error, "a handshake failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, format!("{} ({id})", fault.message))
    }

    /// With one more header in the answer.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.push((name, HeaderValue::from_static(value)));
        self
    }

    /// With `Retry-After`: when it may be tried again, in whole seconds, one at least.
    ///
    /// ```
    /// use std::time::Duration;
    /// use channel_runtime::Reject;
    /// use channel_runtime::http::StatusCode;
    ///
    /// let reject = Reject::new(StatusCode::TOO_MANY_REQUESTS, "slowly, please").retry_after(Duration::from_secs(30));
    /// # drop(reject);
    /// ```
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        self.headers.push((http::header::RETRY_AFTER, HeaderValue::from(seconds.max(1))));
        self
    }
}

/// A plain HTTP route may refuse in the same words.
impl Reply for Reject {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.message.into());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.extend(self.headers);
        response
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status.as_u16(), self.message)
    }
}

impl std::error::Error for Reject {}

impl From<Infallible> for Reject {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// Why no handler could be made.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// A path parameter that does not parse: the path is none of ours.
    NotFound,
    /// An extractor's or `authorize`'s word.
    Reject(Reject),
}

impl From<Reject> for Refusal {
    fn from(reject: Reject) -> Self {
        Self::Reject(reject)
    }
}
