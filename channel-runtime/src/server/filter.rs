//! The one warp filter of an app: from a request to an upgrade, for all its channels.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::select;
use futures_util::{FutureExt, TryFutureExt};
use http::{HeaderName, Method, StatusCode};
use hyper::upgrade::OnUpgrade;
use tokio::time::timeout;
use warp::path::Tail;
use warp::reply::Response;
use warp::{Filter, Rejection, Reply, reject};

use crate::connection::contained::{Contained, contain};
use crate::connection::stream::Transport;
use crate::handshake::Handshake;
use crate::handshake::admission::AdmissionGuard;
use crate::handshake::reject::{BuildError, Reject};
use crate::handshake::request_target::Settled;
use crate::handshake::upgrade_request::{UpgradeRequest, asks_for_websocket};
use crate::protocol::escaped::Escaped;
use crate::server::channels::{Match, Table};
use crate::server::refuse::refuse;
use crate::wire::deflate::Agreed;

/// What the wire is like, for clients that were made for one; see `describe::Description::fingerprint`.
const FINGERPRINT: HeaderName = HeaderName::from_static("channels-fingerprint");

/// Starts the task of a connection, once there is one; the bytes are what came behind the handshake. With what was agreed on
/// compression.
pub(crate) type Start = Box<dyn FnOnce(Transport, Vec<u8>, AdmissionGuard, Option<Agreed>) + Send>;

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

/// The address as its owner knows it: a socket for IPv6 that takes IPv4 too tells `::ffff:192.0.2.1` for `192.0.2.1`.
pub(crate) fn canonical(addr: SocketAddr) -> SocketAddr {
    SocketAddr::new(addr.ip().to_canonical(), addr.port())
}

/// In a request's extensions where it came by TLS that ends here.
#[derive(Clone, Copy)]
pub(crate) struct ByTls;

pub(crate) fn filter<A: Send + Sync + 'static>(
    table: Arc<Table<A>>,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + Send + Sync + 'static {
    table.registry.compress(table.config.compresses());
    // Not `warp::get()`: it answers 405 to other methods, also on paths of which nobody here knows anything.
    warp::method()
        .and(warp::path::tail())
        .and(query())
        .and(warp::header::headers_cloned())
        .and(names_one_host())
        .and(warp::addr::remote())
        .and(warp::ext::optional::<PeerAddr>())
        .and(warp::ext::optional::<ByTls>())
        .and(warp::ext::optional::<OnUpgrade>())
        .and_then(
            move |method,
                  path: Tail,
                  query,
                  headers,
                  names_one_host,
                  remote: Option<SocketAddr>,
                  peer: Option<PeerAddr>,
                  tls: Option<ByTls>,
                  upgrade| {
                let mut handshake = Handshake::new(format!("/{}", path.as_str()), query, headers);
                // What somebody took the trouble to set counts before what the transport says.
                handshake.remote_addr = peer.map(|peer| peer.0).or(remote);
                handshake.by_tls = tls.is_some();
                handshake.resolve_proxies(&table.config.proxies);
                handshake.remote_addr = handshake.remote_addr.map(canonical);
                let (table, refused) = (Arc::clone(&table), Arc::clone(&table.refused));
                answer(table, method, handshake, names_one_host, upgrade).inspect_ok(move |response| {
                    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
                        refused.count(response.status().as_u16());
                    }
                })
            },
        )
}

/// The raw query, empty where there is none.
fn query() -> impl Filter<Extract = (String,), Error = Infallible> + Copy {
    warp::query::raw().or_else(|_| async { Ok::<_, Infallible>((String::new(),)) })
}

/// Whether target and `Host` are for the same host, where both say one. Our own server and service have [settled](Settled) that; below
/// another one's warp nobody has.
fn names_one_host() -> impl Filter<Extract = (bool,), Error = Infallible> + Copy {
    let settled = warp::ext::get::<Settled>().map(|_| true);
    let same = warp::host::optional().map(|_| true);
    settled.or(same).unify().or_else(|_| async { Ok::<_, Infallible>((false,)) })
}

/// Ours and an upgrade: answered here, whatever comes of it. All else goes on to the routes beside us.
async fn answer<A: Send + Sync + 'static>(
    table: Arc<Table<A>>,
    method: Method,
    handshake: Handshake,
    names_one_host: bool,
    upgrade: Option<OnUpgrade>,
) -> Result<Response, Rejection> {
    if method != Method::GET || !asks_for_websocket(&handshake.headers) {
        return Err(reject::not_found());
    }
    let Some(route) = table.find(&handshake.path) else { return Err(reject::not_found()) };
    let upgrade_request = match UpgradeRequest::read(&handshake.headers, table.config.compresses()) {
        Ok(upgrade_request) => upgrade_request,
        Err(reject) => return Ok(reject.into_response()),
    };
    if !names_one_host {
        return Ok(Reject::bad_request("the host of the target is not that of `Host`").into_response());
    }
    let Some(upgrade) = upgrade else {
        return Ok(Reject::bad_request("this connection can't be upgraded").into_response());
    };
    if table.is_stopping() {
        return Ok(stopping().into_response());
    }
    if let Err(reject) = table.admission.check_origin(&table.config, &handshake) {
        return Ok(reject.into_response());
    }
    let (start, admission) = match enter(&table, &route, &handshake).await {
        Ok(entered) => entered,
        Err(reject) => return Ok(refuse(&table, upgrade_request, upgrade, reject)),
    };
    // Counted before the look, so that a stop either waits for this connection or is seen here.
    let arriving = table.registry.begin_session();
    if table.is_stopping() {
        return Ok(stopping().into_response());
    }
    let agreed = upgrade_request.deflate.as_ref().map(|(agreed, _)| *agreed);
    let (registry, patience) = (Arc::clone(&table.registry), table.config.handshake_timeout);
    tokio::spawn(async move {
        let _arriving = arriving;
        // A client that does not take its 101 keeps no place for ever, and no server from stopping.
        let taken = timeout(patience, upgrade).map(Result::ok);
        let given_up = registry.has_given_up().map(|()| None);
        match select(pin!(taken), pin!(given_up)).await.factor_first().0 {
            Some(Ok(upgraded)) => {
                let (io, read_ahead) = Transport::recover(upgraded);
                // In a task of its own: this one's memory, hyper's upgrade included, is free then.
                start(io, read_ahead, admission, agreed);
            }
            Some(Err(error)) => tracing::debug!(error = %Escaped(error), "a client went away during its handshake"),
            None => tracing::debug!("a client did not take the answer to its handshake"),
        }
    });
    let mut response = upgrade_request.accept();
    response.headers_mut().insert(FINGERPRINT, table.fingerprint.clone());
    Ok(response)
}

/// A place for the client, and what starts its connection: all that can refuse a client which knows what it asks for.
async fn enter<A: Send + Sync + 'static>(
    table: &Table<A>,
    route: &Match<'_, A>,
    handshake: &Handshake,
) -> Result<(Start, AdmissionGuard), Reject> {
    let admission = table.admission.admit(&table.config, handshake.remote_addr.map(|addr| addr.ip()))?;
    // Extractors, `authorize` and `identity` are the user's code: a panic is this request's alone.
    let mut starting = Contained::new(route.start(handshake));
    let starting = poll_fn(|cx| match contain(|| starting.as_mut().poll(cx)) {
        Ok(polled) => polled.map(Ok),
        Err(panicked) => Poll::Ready(Err(panicked)),
    });
    let Ok(started) = timeout(table.config.handshake_timeout, starting).await else {
        tracing::warn!(path = handshake.path, "a handshake took too long");
        return Err(unavailable("the handshake took too long").retry_after(RETRY_AFTER));
    };
    match started.unwrap_or_else(|_| Err(Reject::internal("a panic before the upgrade").into())) {
        Ok(start) => Ok((start, admission)),
        Err(BuildError::NotFound) => Err(Reject::not_found("nothing is at this path")),
        Err(BuildError::Reject(reject)) => Err(reject),
    }
}

fn stopping() -> Reject {
    unavailable("the server is stopping").retry_after(Duration::from_secs(1))
}

fn unavailable(message: &str) -> Reject {
    Reject::new(StatusCode::SERVICE_UNAVAILABLE, message)
}
