//! The warp filter of an app, for all its channels: it reads the parts of a request that a handshake needs.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::TryFutureExt;
use http::StatusCode;
use hyper::upgrade::OnUpgrade;
use warp::path::Tail;
use warp::reply::Response;
use warp::{Filter, Rejection};

use crate::config::proxies::Proxies;
use crate::handshake::Handshake;
use crate::handshake::request_target::HostChecked;
use crate::server::handshake::answer;
use crate::server::peer::{ByTls, PeerAddr, canonical};
use crate::server::table::RouteTable;

pub(crate) fn filter<A: Send + Sync + 'static>(
    table: Arc<RouteTable<A>>,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + Send + Sync + 'static {
    table.node.compress(table.config.compresses());
    table.keep_rooms();
    table.readiness.serve();
    // Not `warp::get()`: it answers 405 to other methods, even on paths that no channel has.
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
                handshake.by_tls = tls.is_some();
                find_client(&mut handshake, peer, remote, &table.config.proxies);
                let (table, refused) = (Arc::clone(&table), Arc::clone(&table.refused));
                answer(table, method, handshake, names_one_host, upgrade).inspect_ok(move |response| {
                    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
                        refused.count(response.status().as_u16());
                    }
                })
            },
        )
}

pub(super) fn query() -> impl Filter<Extract = (String,), Error = Infallible> + Copy {
    warp::query::raw().or_else(|_| async { Ok::<_, Infallible>((String::new(),)) })
}

/// Whose request it is: of whom trusted proxies name, or of whoever is at the other end.
pub(super) fn find_client(
    handshake: &mut Handshake,
    peer: Option<PeerAddr>,
    remote: Option<SocketAddr>,
    proxies: &Proxies,
) {
    handshake.remote_addr = peer.map(|peer| peer.0).or(remote);
    handshake.resolve_proxies(proxies);
    handshake.remote_addr = handshake.remote_addr.map(canonical);
}

/// Whether target and `Host` name one host, if both do. Our own server and service have [checked](HostChecked) that before.
fn names_one_host() -> impl Filter<Extract = (bool,), Error = Infallible> + Copy {
    let checked = warp::ext::get::<HostChecked>().map(|_| true);
    let same = warp::host::optional().map(|_| true);
    checked.or(same).unify().or_else(|_| async { Ok::<_, Infallible>((false,)) })
}
