//! Answers of the operators' port: JSON with a status. An error is a code, a message and details, as for clients.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use warp::reply::Response;

use crate::protocol::fault::Fault;
use crate::room::sent::{Elsewhere, NotTaken, Sent};
use crate::server::ops::erased::NO_MESSAGES;

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub status: StatusCode,
    pub body: Bytes,
    pub is_replayed: bool,
    retry_after: Option<Duration>,
    content_type: &'static str,
    allow: Option<&'static str>,
}

impl Answer {
    pub fn json(status: StatusCode, body: Bytes) -> Self {
        Self { status, body, is_replayed: false, retry_after: None, content_type: "application/json", allow: None }
    }

    pub fn ok(value: &impl Serialize) -> Self {
        Self::with(StatusCode::OK, value)
    }

    pub fn with(status: StatusCode, value: &impl Serialize) -> Self {
        let body = serde_json::to_vec(value).expect("an answer's keys are text and its numbers are finite");
        Self::json(status, body.into())
    }

    pub fn text(content_type: &'static str, text: String) -> Self {
        Self { content_type, ..Self::json(StatusCode::OK, text.into()) }
    }

    /// Whether it was done, in parts at least.
    pub fn is_done(&self) -> bool {
        self.status.is_success()
    }

    pub fn replayed(self) -> Self {
        Self { is_replayed: true, ..self }
    }

    pub fn into_response(self) -> Response {
        let Self { status, body, is_replayed, retry_after, content_type, allow } = self;
        let mut response = Response::new(body.into());
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(wait) = retry_after {
            // In whole seconds, rounded up.
            headers.insert(RETRY_AFTER, (wait.as_nanos().div_ceil(1_000_000_000) as u64).max(1).into());
        }
        if is_replayed {
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(methods) = allow {
            headers.insert(ALLOW, HeaderValue::from_static(methods));
        }
        response
    }
}

impl From<Refusal> for Answer {
    fn from(Refusal { status, fault, retry_after, allow }: Refusal) -> Self {
        Self { retry_after, allow, ..Self::with(status, &fault) }
    }
}

/// Why a request is not done.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    fault: Box<Fault>,
    retry_after: Option<Duration>,
    allow: Option<&'static str>,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let fault = Box::new(Fault::framework(code.into(), message.into()));
        Self { status, fault, retry_after: None, allow: None }
    }

    pub fn with_details(self, details: impl Serialize) -> Self {
        Self { fault: Box::new(self.fault.with_details(details)), ..self }
    }

    fn after(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }

    pub fn malformed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Fault::MALFORMED, message)
    }

    /// At this path of the request.
    pub fn invalid(path: &str, message: impl fmt::Display) -> Self {
        let refusal =
            Self::new(StatusCode::UNPROCESSABLE_ENTITY, Fault::INVALID_PAYLOAD, format!("`{path}`: {message}"));
        refusal.with_details(serde_json::json!({ "path": path }))
    }

    pub fn unauthorized() -> Self {
        let message = "a token is needed, in the header `Authorization: Bearer ..`";
        Self::new(StatusCode::UNAUTHORIZED, Fault::UNAUTHORIZED, message)
    }

    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, Fault::FORBIDDEN, message)
    }

    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, Fault::NOT_FOUND, message)
    }

    pub fn wrong_method(allowed: &'static str) -> Self {
        let refusal = Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", format!("send it by {allowed}"));
        Self { allow: Some(allowed), ..refusal }
    }

    pub fn too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, Fault::TIMEOUT, "the body did not come in time")
    }

    pub fn key_reused() -> Self {
        let message = "the `Idempotency-Key` was used for another request within five minutes";
        Self::new(StatusCode::CONFLICT, "key_reused", message)
    }

    pub fn too_long(most: usize) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", format!("a body has at most {most} bytes"))
    }

    pub fn too_many_keys(until: Duration) -> Self {
        let message = "too many `Idempotency-Key`s are remembered";
        Self::new(StatusCode::TOO_MANY_REQUESTS, Fault::RATE_LIMITED, message).after(until)
    }

    pub fn too_many_failures(wait: Duration) -> Self {
        let message = "too many requests with a wrong token, or none";
        Self::new(StatusCode::TOO_MANY_REQUESTS, Fault::RATE_LIMITED, message).after(wait)
    }

    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, Fault::UNAVAILABLE, message).after(Duration::from_secs(1))
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        let status = match &*fault.code {
            Fault::MALFORMED | Fault::UNKNOWN_TYPE | Fault::INVALID_PAYLOAD | Fault::VALIDATION | NO_MESSAGES => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self { status, fault: Box::new(fault), retry_after: None, allow: None }
    }
}

/// The answer to a publication.
#[derive(Serialize)]
pub(super) struct Published {
    recipients: usize,
    refused: usize,
    #[serde(skip_serializing_if = "is_zero")]
    dropped: usize,
    #[serde(skip_serializing_if = "is_zero")]
    replaced: usize,
    elsewhere: &'static str,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl TryFrom<Sent> for Published {
    type Error = Refusal;

    fn try_from(sent: Sent) -> Result<Self, Refusal> {
        let Sent { recipients, refused, dropped, replaced, unencodable, too_many_keys, elsewhere } = sent;
        if unencodable {
            let message = "the channel can't send this message, or its envelope has no place for it; the log says more";
            return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "unencodable", message));
        }
        if too_many_keys {
            let message = "the room has 1000 keys of this type, and this is another one";
            return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "too_many_keys", message));
        }
        let elsewhere = match elsewhere {
            Elsewhere::Nowhere => "nowhere",
            Elsewhere::Taken => "taken",
            Elsewhere::Refused(NotTaken::Full) => "refused: full",
            Elsewhere::Refused(NotTaken::Away) => "refused: away",
            Elsewhere::Refused(NotTaken::TooLong) => {
                let message = "the message is longer than the bus between the nodes takes";
                return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message));
            }
        };
        Ok(Self { recipients, refused, dropped, replaced, elsewhere })
    }
}
