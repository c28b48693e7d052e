//! Requests over HTTP to the operators' port: which endpoint, whether it may, and its body.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Method};
use tokio::time::timeout;

use crate::handshake::Handshake;
use crate::server::ops::answer::{Answer, Refusal};
use crate::server::ops::idempotency::LONGEST_KEY;
use crate::server::ops::port::Port;
use crate::server::ops::request::{Name, Request};
use crate::server::ops::token::{Scope, grant_of};

/// For a body as a whole. A pause in it is bounded as in any request.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

const IDEMPOTENCY_KEY: &str = "idempotency-key";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Live,
    Ready,
    Metrics,
    Publish,
    Batch,
    Disconnect,
    Count,
}

impl Endpoint {
    pub fn at(path: &str) -> Option<Self> {
        Some(match path {
            "/live" => Self::Live,
            "/ready" => Self::Ready,
            "/metrics" => Self::Metrics,
            "/v1/publish" => Self::Publish,
            "/v1/batch" => Self::Batch,
            "/v1/disconnect" => Self::Disconnect,
            "/v1/count" => Self::Count,
            _ => return None,
        })
    }

    fn allows(self, method: &Method) -> bool {
        match self {
            Self::Publish | Self::Batch | Self::Disconnect => method == Method::POST,
            Self::Live | Self::Ready | Self::Metrics | Self::Count => method == Method::GET || method == Method::HEAD,
        }
    }

    fn methods(self) -> &'static str {
        if self.allows(&Method::POST) { "POST" } else { "GET, HEAD" }
    }

    pub fn scope(self) -> Option<Scope> {
        match self {
            Self::Live | Self::Ready => None,
            Self::Metrics => Some(Scope::Metrics),
            Self::Publish | Self::Batch => Some(Scope::Publish),
            Self::Disconnect => Some(Scope::Disconnect),
            Self::Count => Some(Scope::Read),
        }
    }
}

/// `handshake` is the request's head. `is_open`: whether the endpoint needs no token.
pub(super) async fn answer<B: Buf>(
    port: Arc<Port>,
    endpoint: Endpoint,
    is_open: bool,
    method: Method,
    handshake: Handshake,
    body: impl Stream<Item = Result<B, warp::Error>> + Send,
) -> Answer {
    let answered = async {
        if !endpoint.allows(&method) {
            return Err(Refusal::wrong_method(endpoint.methods()));
        }
        match (endpoint, is_open) {
            (Endpoint::Live, _) => return Ok(Answer::ok(&serde_json::json!({ "live": true }))),
            (Endpoint::Ready, _) => return Ok(port.ready()),
            (Endpoint::Metrics, true) => return Ok(port.metrics()),
            _ => {}
        }
        let grant = authorized(&port, endpoint, &handshake)?;
        match endpoint {
            Endpoint::Live | Endpoint::Ready => unreachable!("they need no token"),
            Endpoint::Metrics => Ok(port.metrics()),
            Endpoint::Count => port.count(&port.grants[grant], &counted(&handshake)?),
            Endpoint::Publish | Endpoint::Batch | Endpoint::Disconnect => {
                let key = key(&handshake.headers)?;
                let body = read(&handshake.headers, body, port.body_bytes).await?;
                perform_once(port.clone(), endpoint, grant, key, body).await
            }
        }
    };
    answered.await.unwrap_or_else(Answer::from)
}

/// The place of the token's grant.
fn authorized(port: &Port, endpoint: Endpoint, handshake: &Handshake) -> Result<usize, Refusal> {
    let scope = endpoint.scope().expect("an endpoint that asks for a token has a scope");
    let given = handshake.bearer_token();
    let Some(grant) = given.as_ref().and_then(|given| grant_of(&port.grants, given, scope)) else {
        let address = handshake.remote_addr.map(|addr| addr.ip());
        return Err(match port.failures.count(address) {
            Ok(()) => Refusal::unauthorized(),
            Err(wait) => Refusal::too_many_failures(wait),
        });
    };
    if port.grants[grant].scope != scope {
        return Err(Refusal::forbidden("the token is not for this"));
    }
    Ok(grant)
}

/// In a task of its own: a publisher that goes away must not leave a half of it done.
async fn perform_once(
    port: Arc<Port>,
    endpoint: Endpoint,
    grant: usize,
    key: Option<String>,
    body: Bytes,
) -> Result<Answer, Refusal> {
    let performed = tokio::spawn(async move {
        let grant = &port.grants[grant];
        let perform = async {
            match endpoint {
                Endpoint::Publish => port.publish(grant, &body),
                Endpoint::Batch => port.batch(grant, &body).await,
                _ => port.disconnect(grant, &body).unwrap_or_else(Answer::from),
            }
        };
        match key {
            Some(key) => {
                let request = [format!("{endpoint:?} ").as_bytes(), &body].concat();
                grant.answers.once(&key, &request, perform).await
            }
            None => Ok(perform.await),
        }
    });
    performed.await.unwrap_or_else(|ended| match ended.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => Err(Refusal::unavailable("the runtime is shutting down")),
    })
}

fn key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let mut keys = headers.get_all(IDEMPOTENCY_KEY).iter();
    let (Some(key), None) = (keys.next(), keys.next()) else {
        return if headers.contains_key(IDEMPOTENCY_KEY) {
            Err(Refusal::malformed("there are two headers `Idempotency-Key`"))
        } else {
            Ok(None)
        };
    };
    match key.to_str() {
        Ok(key) if (1..=LONGEST_KEY).contains(&key.len()) => Ok(Some(key.to_owned())),
        _ => Err(Refusal::malformed(format!("an `Idempotency-Key` is 1 to {LONGEST_KEY} ASCII characters"))),
    }
}

/// Nothing is read of a body that says it is too long.
async fn read<B: Buf>(
    headers: &HeaderMap,
    body: impl Stream<Item = Result<B, warp::Error>>,
    most: usize,
) -> Result<Bytes, Refusal> {
    let said = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if said.is_some_and(|said| said > most as u64) {
        return Err(Refusal::too_long(most));
    }
    let mut body = pin!(body);
    let read = async {
        let mut read = BytesMut::new();
        while let Some(part) = body.next().await {
            let mut part = part.map_err(|_| Refusal::malformed("the body broke off"))?;
            if read.len() + part.remaining() > most {
                return Err(Refusal::too_long(most));
            }
            read.extend_from_slice(&part.copy_to_bytes(part.remaining()));
        }
        Ok(read.freeze())
    };
    timeout(BODY_TIMEOUT, read).await.unwrap_or_else(|_| Err(Refusal::too_slow()))
}

fn counted(handshake: &Handshake) -> Result<Request<'static>, Refusal> {
    const KEYS: [&str; 5] = ["channel", "room", "user", "connection", "all"];
    let named = handshake.query.split('&').filter(|pair| !pair.is_empty());
    let named = named.map(|pair| pair.split_once('=').map_or(pair, |(key, _)| key));
    for key in named.clone() {
        if !KEYS.contains(&key) {
            return Err(Refusal::malformed(format!("the query has a key that is none of {}", KEYS.join(", "))));
        }
        if named.clone().filter(|other| *other == key).count() > 1 {
            return Err(Refusal::malformed(format!("the query has `{key}` twice")));
        }
    }
    let text = |key| match (handshake.query_param(key), named.clone().any(|named| named == key)) {
        (None, true) => Err(Refusal::malformed(format!("`{key}` is not UTF-8"))),
        (text, _) => Ok(text),
    };
    let [channel, room, user, connection, all] = KEYS.map(text);
    let (channel, room, user, connection) = (channel?, room?, user?.map(Name), connection?);
    let all = match all?.as_deref() {
        // The channel alone is all of it.
        None => channel.is_some() && room.is_none() && user.is_none() && connection.is_none(),
        Some("true") => true,
        Some(_) => return Err(Refusal::malformed("`all` is `true`, or not there")),
    };
    Ok(Request { channel, room, user, connection, all, ..Request::default() })
}
