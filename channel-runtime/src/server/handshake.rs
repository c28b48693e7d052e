//! The server's half of a WebSocket handshake: from a request to a running session, or to a refusal.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::select;
use http::{HeaderName, Method, StatusCode};
use hyper::upgrade::OnUpgrade;
use tokio::time::timeout;
use warp::reply::Response;
use warp::{Rejection, Reply, reject};

use crate::connection::contained::{Contained, contain};
use crate::handshake::Handshake;
use crate::handshake::admission::AdmissionGuard;
use crate::handshake::reject::{BuildError, Reject};
use crate::handshake::subprotocols::{Negotiated, not_agreed};
use crate::handshake::upgrade_request::{UpgradeRequest, asks_for_websocket};
use crate::protocol::escaped::Escaped;
use crate::protocol::subprotocols::Subprotocols;
use crate::server::refuse::{refuse, refuse_offers};
use crate::server::table::{RouteMatch, RouteTable, StartSession};
use crate::server::upgrade::recover;

/// For generated clients: see `describe::Description::fingerprint`.
const FINGERPRINT: HeaderName = HeaderName::from_static("channels-fingerprint");

const RETRY_AFTER: Duration = Duration::from_secs(5);

/// The rejection leaves a request that is not for a channel's WebSocket to the routes beside the channels.
pub(crate) async fn answer<A: Send + Sync + 'static>(
    table: Arc<RouteTable<A>>,
    method: Method,
    mut handshake: Handshake,
    names_one_host: bool,
    upgrade: Option<OnUpgrade>,
) -> Result<Response, Rejection> {
    if method != Method::GET || !asks_for_websocket(&handshake.headers) {
        return Err(reject::not_found());
    }
    let Some(route) = table.find(&handshake.path) else { return Err(reject::not_found()) };
    let accepted = accept(&table, &route, &mut handshake, names_one_host, upgrade).await;
    Ok(accepted.unwrap_or_else(Reply::into_response))
}

/// Before any bound counts the request and the user's code runs. A refusal is always an HTTP status, never a close frame.
fn check<A>(
    table: &RouteTable<A>,
    known: &Subprotocols,
    handshake: &Handshake,
    names_one_host: bool,
    upgrade: Option<OnUpgrade>,
) -> Result<(UpgradeRequest, OnUpgrade), Reject> {
    let request = UpgradeRequest::read(&handshake.headers, table.config.compresses(), known)?;
    if !names_one_host {
        return Err(Reject::bad_request("the host of the target is not that of `Host`"));
    }
    let upgrade = upgrade.ok_or_else(|| Reject::bad_request("this connection can't be upgraded"))?;
    reject_if_stopping(table)?;
    table.admission.check_origin(&table.config, handshake)?;
    Ok((request, upgrade))
}

async fn accept<A: Send + Sync + 'static>(
    table: &Arc<RouteTable<A>>,
    route: &RouteMatch<'_, A>,
    handshake: &mut Handshake,
    names_one_host: bool,
    upgrade: Option<OnUpgrade>,
) -> Result<Response, Reject> {
    let known = route.subprotocols();
    let (request, upgrade) = check(table, known, handshake, names_one_host, upgrade)?;
    match request.subprotocol {
        Negotiated::Agreed(agreed) => handshake.subprotocol = agreed,
        Negotiated::Closed(code) => return Ok(refuse_offers(table, request, upgrade, known, code)),
        Negotiated::Refused => return Err(not_agreed(known)),
    }
    match request.hello {
        Ok(hello) => handshake.hello = hello,
        Err(malformed) => return Ok(refuse(table, request, upgrade, known, malformed.into())),
    }
    let (start, admission) = match admit(table, route, handshake).await {
        Ok(admitted) => admitted,
        Err(reject) => return Ok(refuse(table, request, upgrade, known, reject)),
    };
    // Before the check, so that a stop either waits for this connection or is seen here.
    let arriving = table.node.shutdown.begin_session();
    reject_if_stopping(table)?;
    let agreed = request.deflate.as_ref().map(|(agreed, _)| *agreed);
    let (shutdown, patience) = (Arc::clone(&table.node.shutdown), table.config.handshake_timeout);
    tokio::spawn(async move {
        let _arriving = arriving;
        // A client that does not read its 101 must not keep its place, nor the server from stopping.
        let taken = timeout(patience, upgrade).map(Result::ok);
        let given_up = shutdown.abort_started().map(|()| None);
        match select(pin!(taken), pin!(given_up)).await.factor_first().0 {
            Some(Ok(upgraded)) => {
                let (io, read_ahead) = recover(upgraded);
                // In a task of its own, so that this one's memory, hyper's upgrade included, is freed.
                start(io, read_ahead, admission, agreed);
            }
            Some(Err(error)) => tracing::debug!(error = %Escaped(error), "a client went away during its handshake"),
            None => tracing::debug!("a client did not take the answer to its handshake"),
        }
    });
    let mut response = request.accept();
    response.headers_mut().insert(FINGERPRINT, table.fingerprint.clone());
    Ok(response)
}

async fn admit<A: Send + Sync + 'static>(
    table: &RouteTable<A>,
    route: &RouteMatch<'_, A>,
    handshake: &Handshake,
) -> Result<(StartSession, AdmissionGuard), Reject> {
    let admission = table.admission.admit(&table.config, handshake.remote_addr.map(|addr| addr.ip()))?;
    // The user's code: a panic fails this request alone.
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

fn reject_if_stopping<A>(table: &RouteTable<A>) -> Result<(), Reject> {
    if table.is_stopping() {
        return Err(unavailable("the server is stopping").retry_after(Duration::from_secs(1)));
    }
    Ok(())
}

fn unavailable(message: &str) -> Reject {
    Reject::new(StatusCode::SERVICE_UNAVAILABLE, message)
}
