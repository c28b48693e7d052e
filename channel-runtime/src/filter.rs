//! The one warp filter of an app: from a request to an upgrade, for all its channels.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use http::header::{self, HeaderMap, HeaderValue};
use http::{HeaderName, Method, StatusCode};
use hyper::upgrade::OnUpgrade;
use tokio::time::timeout;
use warp::filters::BoxedFilter;
use warp::path::Tail;
use warp::reply::Response;
use warp::{Filter, Rejection, Reply, reject};

use crate::channels::Table;
use crate::config::Config;
use crate::door::Admission;
use crate::handshake::{Handshake, Refusal, Reject};
use crate::wire::accept::{accept_key, is_valid_key};
use crate::wire::deflate::{Agreed, negotiate};
use crate::wire::transport::Transport;

/// The one subprotocol spoken; a client that offers none means it.
const SUBPROTOCOL: &str = "channels.1.json";

/// What the wire is like, for clients that were made for one; see `describe::Description::fingerprint`.
const FINGERPRINT: HeaderName = HeaderName::from_static("channels-fingerprint");

/// Starts the task of a connection, once there is one; the bytes are what came behind the handshake. With what was agreed on
/// compression.
pub(crate) type Start = Box<dyn FnOnce(Transport, Vec<u8>, Admission, Option<Agreed>) + Send>;

/// When a client may try again whose handshake took the server too long.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// The client's address, in a request's extensions: what [`Handshake::remote_addr`] says, and what the
/// [bounds](crate::Config::connections_per_ip) for one address go by.
///
/// [`Server::serve`](crate::Server::serve) sets it, and warp tells the address without it. Below another server, or to
/// believe a proxy of one's own, it is set in front of the [`Service`](crate::Service). With axum:
///
/// ```
/// use std::net::SocketAddr;
/// use axum::extract::{ConnectInfo, Request};
/// use axum::{Router, middleware};
/// use channel_runtime::{PeerAddr, channel, channels};
///
/// async fn tell_address(ConnectInfo(client): ConnectInfo<SocketAddr>, mut request: Request) -> Request {
///     request.extensions_mut().insert(PeerAddr(client));
///     request
/// }
///
/// # #[channel("/chat")] pub struct Chat;
/// # #[channel] impl Chat {}
/// # async fn serve(listener: tokio::net::TcpListener) -> std::io::Result<()> {
/// let server = channels![Chat].app(());
/// let routes = Router::new()
///     .fallback_service(server.service())
///     .layer(middleware::map_request(tell_address))
///     .into_make_service_with_connect_info::<SocketAddr>();
/// axum::serve(listener, routes).await
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddr(pub SocketAddr);

pub(crate) fn filter<A: Send + Sync + 'static>(table: Arc<Table<A>>) -> BoxedFilter<(Response,)> {
    table.registry.compress(table.config.compresses());
    // Not `warp::get()`: it answers 405 to other methods, also on paths of which nobody here knows anything.
    warp::method()
        .and(warp::path::tail())
        .and(query())
        .and(warp::header::headers_cloned())
        .and(warp::addr::remote())
        .and(warp::ext::optional::<PeerAddr>())
        .and(warp::ext::optional::<OnUpgrade>())
        .and_then(
            move |method, path: Tail, query, headers, remote: Option<SocketAddr>, peer: Option<PeerAddr>, upgrade| {
                let handshake = Handshake {
                    path: format!("/{}", path.as_str()),
                    query,
                    headers,
                    // What somebody took the trouble to set counts before what the transport says.
                    remote_addr: peer.map(|peer| peer.0).or(remote),
                };
                answer(Arc::clone(&table), method, handshake, upgrade)
            },
        )
        .boxed()
}

/// The raw query, empty where there is none.
fn query() -> impl Filter<Extract = (String,), Error = Infallible> + Copy {
    warp::query::raw().or_else(|_| async { Ok::<_, Infallible>((String::new(),)) })
}

/// Ours and an upgrade: answered here, whatever comes of it. All else goes on to the routes beside us.
async fn answer<A: Send + Sync + 'static>(
    table: Arc<Table<A>>,
    method: Method,
    handshake: Handshake,
    upgrade: Option<OnUpgrade>,
) -> Result<Response, Rejection> {
    if method != Method::GET || !has_token(&handshake.headers, &header::UPGRADE, "websocket") {
        return Err(reject::not_found());
    }
    let Some(route) = table.find(&handshake.path) else { return Err(reject::not_found()) };
    let opening = match Opening::read(&handshake.headers, &table.config) {
        Ok(opening) => opening,
        Err(reject) => return Ok(reject.into_response()),
    };
    let Some(upgrade) = upgrade else {
        return Ok(Reject::bad_request("this connection can't be upgraded").into_response());
    };
    if table.is_stopping() {
        return Ok(stopping().into_response());
    }
    let admission = match table.door.admit(&table.config, handshake.remote_addr.map(|addr| addr.ip())) {
        Ok(admission) => admission,
        Err(reject) => return Ok(reject.into_response()),
    };
    // Extractors, `authorize` and `identity` are the user's code: a panic is this request's alone.
    let starting = AssertUnwindSafe(route.start(&handshake)).catch_unwind();
    let Ok(started) = timeout(table.config.handshake_timeout, starting).await else {
        tracing::warn!(path = handshake.path, "a handshake took too long");
        return Ok(unavailable("the handshake took too long").retry_after(RETRY_AFTER).into_response());
    };
    let start = match started.unwrap_or_else(|_| Err(Reject::internal("a panic before the upgrade").into())) {
        Ok(start) => start,
        Err(Refusal::NotFound) => return Ok(Reject::not_found("nothing is at this path").into_response()),
        Err(Refusal::Reject(reject)) => return Ok(reject.into_response()),
    };
    // Counted before the look, so that a stop either waits for this connection or is seen here.
    let arriving = table.registry.begin_session();
    if table.is_stopping() {
        return Ok(stopping().into_response());
    }
    let agreed = opening.deflate.as_ref().map(|(agreed, _)| *agreed);
    tokio::spawn(async move {
        let _arriving = arriving;
        match upgrade.await {
            Ok(upgraded) => {
                let (io, read_ahead) = Transport::recover(upgraded);
                // In a task of its own: this one's memory, hyper's upgrade included, is free then.
                start(io, read_ahead, admission, agreed);
            }
            Err(error) => tracing::debug!(%error, "a client went away during its handshake"),
        }
    });
    let mut response = opening.accept();
    response.headers_mut().insert(FINGERPRINT, table.fingerprint.clone());
    Ok(response)
}

fn stopping() -> Reject {
    unavailable("the server is stopping").retry_after(Duration::from_secs(1))
}

fn unavailable(message: &str) -> Reject {
    Reject::new(StatusCode::SERVICE_UNAVAILABLE, message)
}

/// A well-formed request for an upgrade (RFC 6455, section 4.2.1).
struct Opening {
    accept: HeaderValue,
    subprotocol: Option<HeaderValue>,
    /// How messages are compressed, and how that is said.
    deflate: Option<(Agreed, HeaderValue)>,
}

impl Opening {
    fn read(headers: &HeaderMap, config: &Config) -> Result<Self, Reject> {
        if !has_token(headers, &header::CONNECTION, "upgrade") {
            return Err(Reject::bad_request("the header `Connection: Upgrade` is missing"));
        }
        if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
            let reject = Reject::new(StatusCode::UPGRADE_REQUIRED, "WebSocket version 13 is spoken here");
            return Err(reject
                .with_header(header::SEC_WEBSOCKET_VERSION, "13")
                .with_header(header::UPGRADE, "websocket")
                .with_header(header::CONNECTION, "Upgrade"));
        }
        let mut keys = headers.get_all(header::SEC_WEBSOCKET_KEY).iter();
        let key = match (keys.next().and_then(|key| key.to_str().ok()), keys.next()) {
            (Some(key), None) if is_valid_key(key) => key,
            _ => return Err(Reject::bad_request("`Sec-WebSocket-Key` is the base64 of 16 bytes, once")),
        };
        // As it stands, for so a browser compares what it offered with what was chosen.
        let offered = tokens(headers, &header::SEC_WEBSOCKET_PROTOCOL).any(|token| token == SUBPROTOCOL);
        Ok(Self {
            accept: HeaderValue::try_from(accept_key(key)).expect("base64 is a header value"),
            subprotocol: offered.then(|| HeaderValue::from_static(SUBPROTOCOL)),
            deflate: config.compresses().and_then(|compression| negotiate(headers, compression)),
        })
    }

    fn accept(self) -> Response {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, self.accept);
        if let Some(subprotocol) = self.subprotocol {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, subprotocol);
        }
        if let Some((_, answer)) = self.deflate {
            headers.insert(header::SEC_WEBSOCKET_EXTENSIONS, answer);
        }
        response
    }
}

/// Whether a header that is a list has this token, in any case.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    tokens(headers, name).any(|item| item.eq_ignore_ascii_case(token))
}

/// The items of a header that is a list.
fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> + use<'a> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}
