//! The rejection of a request before the upgrade: an HTTP status and a message.

use std::convert::Infallible;
use std::fmt;
use std::time::Duration;

use http::{HeaderName, HeaderValue, StatusCode};
use warp::Reply;
use warp::reply::Response;

use crate::protocol::escaped::EscapedError;
use crate::protocol::fault::Fault;
use crate::wire::close::CloseCode;

/// A rejection before the upgrade: an HTTP status and a line of text.
///
/// A client that has agreed on our subprotocol gets an error frame and a close code instead, because a page in a browser can't read
/// a status: see [`Refusals`](crate::Refusals). In a handler, `?` turns a `Reject` into a [`Fault`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Reject {
    /// The status of the answer, 400 to 599.
    pub status: StatusCode,
    /// The body of the answer, as plain text, or the message of the error frame. The client is sent it.
    pub message: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    retry_after: Option<Duration>,
    pub(crate) absent: bool,
    is_outdated: bool,
}

impl Reject {
    /// A rejection with any status. A status that is no error (below 400) becomes 500.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let is_error = status.is_client_error() || status.is_server_error();
        let status = if is_error { status } else { StatusCode::INTERNAL_SERVER_ERROR };
        Self {
            status,
            message: message.into(),
            headers: Vec::new(),
            retry_after: None,
            absent: false,
            is_outdated: false,
        }
    }

    /// 400: the request is invalid.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 401: the client is not known.
    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, message).with_header(http::header::WWW_AUTHENTICATE, "Bearer")
    }

    /// 401 because there was nothing to extract. An `Option` of an extractor that returns this is `None`.
    pub fn absent(message: impl Into<String>) -> Self {
        Self { absent: true, ..Self::unauthorized(message) }
    }

    /// 403: the client is known and may not connect.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    /// 404: there is no such thing.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// 426: the client was made for an older version.
    pub(crate) fn outdated() -> Self {
        // RFC 9110 (section 15.5.22) wants the header with this status.
        let reject = Self::new(StatusCode::UPGRADE_REQUIRED, "this client is too old: load or install it anew")
            .with_header(http::header::UPGRADE, "websocket");
        Self { is_outdated: true, ..reject }
    }

    /// 500: a failure of the server. The cause is logged with an id, and the client is sent only the id.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let (fault, id) = crate::protocol::fault::Fault::unexplained();
        let cause = EscapedError::new(&*cause.into());
        tracing::error!(%id, error = &cause as &dyn std::error::Error, "a handshake failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, format!("{} ({id})", fault.message))
    }

    /// Adds a header to the answer. An invalid value, such as one with a line break, is left out and logged as an error.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: impl AsRef<str>) -> Self {
        match HeaderValue::from_str(value.as_ref()) {
            Ok(value) => self.headers.push((name, value)),
            Err(_) => tracing::error!(header = %name, value = ?value.as_ref(), "no header may have this value"),
        }
        self
    }

    /// Adds `Retry-After`: the time after which the client may try again, in whole seconds, at least one.
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
        self.retry_after = Some(wait);
        self
    }

    pub(crate) fn close_code(&self) -> CloseCode {
        match self.status.as_u16() {
            status @ 400..=499 => CloseCode::new(4000 + status).expect("4400 to 4499 are codes"),
            503 => CloseCode::TRY_AGAIN,
            _ => CloseCode::INTERNAL,
        }
    }
}

/// A plain HTTP route can answer with a rejection too.
impl Reply for Reject {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.message.into());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.extend(self.headers);
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0));
            headers.insert(http::header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        response
    }
}

/// The same as an error frame, with its message: for a page that can't read a status, and a handler that checks what handshakes do.
impl From<Reject> for Fault {
    fn from(reject: Reject) -> Self {
        let code = match reject.status.as_u16() {
            _ if reject.is_outdated => Self::OUTDATED,
            401 => Self::UNAUTHORIZED,
            403 => Self::FORBIDDEN,
            404 => Self::NOT_FOUND,
            429 => Self::RATE_LIMITED,
            503 => Self::UNAVAILABLE,
            500..=599 => Self::INTERNAL,
            _ => Self::REFUSED,
        };
        let mut details = serde_json::Map::new();
        if code == Self::REFUSED {
            details.insert("status".into(), reject.status.as_u16().into());
        }
        if let Some(wait) = reject.retry_after {
            let wait = u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
            details.insert("retry_after_ms".into(), wait.max(1).into());
        }
        let close_code = reject.close_code();
        let mut fault = Self::new(code, reject.message);
        // For every other code of a fault, the close code follows from it.
        if fault.code == Self::REFUSED {
            fault = fault.with_close_code(close_code);
        }
        if details.is_empty() { fault } else { fault.with_details(details) }
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

/// Why no handler could be built for a request.
#[derive(Clone, Debug)]
pub enum BuildError {
    /// A path parameter does not parse, so no channel has this path.
    NotFound,
    /// An extractor or `authorize` rejected the request.
    Reject(Reject),
}

impl From<Reject> for BuildError {
    fn from(reject: Reject) -> Self {
        Self::Reject(reject)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_and_no_time_of_a_caller_s_panics() {
        let reject = Reject::forbidden("no").with_header(http::header::LINK, "a\r\nb: c").retry_after(Duration::MAX);
        let fault = Fault::from(reject.clone());
        assert_eq!(fault.details["retry_after_ms"], u64::MAX);
        let response = reject.into_response();
        assert_eq!(response.headers()[http::header::RETRY_AFTER], u64::MAX.to_string());
        assert!(!response.headers().contains_key(http::header::LINK));
    }
}
