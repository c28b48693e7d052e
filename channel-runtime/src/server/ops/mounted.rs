//! An operators' port as routes of a server, and on a listener of its own.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use warp::filters::BoxedFilter;
use warp::path::Tail;
use warp::reply::Response;
use warp::{Filter, Rejection};

use crate::handshake::Handshake;
use crate::server::Server;
use crate::server::filter::{find_client, query};
use crate::server::ops::Ops;
use crate::server::ops::endpoints::{Endpoint, answer};
use crate::server::ops::listener::{OpsListener, bind};
use crate::server::ops::port::Port;
use crate::server::peer::PeerAddr;
use crate::server::service::{Routes, Service};

impl Ops {
    /// As one warp filter, for a port of your own, or for the server of the channels:
    ///
    /// ```
    /// # use channel_runtime::{channel, channels, Ops};
    /// # use warp::Filter;
    /// # #[channel("/chat")] pub struct Chat;
    /// # #[channel] impl Chat {}
    /// let server = channels![Chat].app(());
    /// let ops = warp::path("ops").and(Ops::new().filter(&server));
    /// let server = server.or(ops); // `/ops/ready`
    /// # drop(server);
    /// ```
    ///
    /// Requests for what is not switched on are left to the filters beside it. Who reaches the server reaches this: give `/metrics`
    /// a token by [`metrics_for`](Self::metrics_for). A server that stops answers here only for as long as it answers other
    /// requests.
    pub fn filter<A: Send + Sync + 'static>(&self, server: &Server<A>) -> BoxedFilter<(Response,)> {
        routes(self, server).boxed()
    }

    /// As one tower service, which answers 404 to all other requests.
    pub fn service<A: Send + Sync + 'static>(&self, server: &Server<A>) -> Service {
        Service::new(all_routes(self, server))
    }
}

impl<A: Send + Sync + 'static> Server<A> {
    /// With an [operators' port](Ops) at this address, from [`serve`](Self::serve) on until the last connection has ended. Port 0
    /// means any free port: [`BoundServer::ops_addr`](crate::BoundServer::ops_addr). A server that is [mounted](Self::filter) does
    /// not answer there: mount [`Ops::filter`], too.
    ///
    /// The address is bound at once. If it can't be, `serve`, [`bind`](Self::bind) and [`BoundServer::run`](crate::BoundServer::run) return the error before
    /// a client is let in.
    #[must_use]
    pub fn ops(mut self, addr: impl ToSocketAddrs, ops: Ops) -> Self {
        self.ops = Some(bind(addr).map(|listener| OpsListener { ops, listener }));
        self
    }

    /// # Errors
    /// If the operators' address could not be bound.
    pub(in crate::server) fn check_ops(mut self) -> io::Result<Self> {
        match self.ops.take_if(|ops| ops.is_err()) {
            Some(Err(error)) => Err(error),
            _ => Ok(self),
        }
    }
}

pub(super) fn all_routes<A: Send + Sync + 'static>(ops: &Ops, server: &Server<A>) -> Routes {
    Routes::new(routes(ops, server), Arc::new([]))
}

fn routes<A: Send + Sync + 'static>(
    ops: &Ops,
    server: &Server<A>,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + Send + Sync + 'static {
    let table = server.table();
    let port = Arc::new(Port {
        node: Arc::clone(&table.node),
        channels: table.erased(),
        readiness: Arc::clone(&table.readiness),
        health: server.health(),
        failures: Default::default(),
        publications: Default::default(),
        grants: ops.grants(),
        more_metrics: ops.more_metrics.clone(),
        body_bytes: ops.body_bytes,
    });
    let (of, config) = (ops.clone(), Arc::clone(&table.config));
    let endpoint = warp::path::tail().and_then(move |path: Tail| {
        let endpoint = Endpoint::at(&format!("/{}", path.as_str()));
        let endpoint = endpoint.filter(|endpoint| endpoint.scope().is_none_or(|scope| of.has(scope)));
        async move { endpoint.ok_or_else(warp::reject::not_found) }
    });
    let has_open_metrics = ops.has_metrics;
    endpoint
        .and(warp::method())
        .and(query())
        .and(warp::header::headers_cloned())
        .and(warp::addr::remote())
        .and(warp::ext::optional::<PeerAddr>())
        .and(warp::body::stream())
        .then(move |endpoint, method, query, headers, remote: Option<SocketAddr>, peer: Option<PeerAddr>, body| {
            let mut handshake = Handshake::new("", query, headers);
            find_client(&mut handshake, peer, remote, &config.proxies);
            let answered = answer(Arc::clone(&port), endpoint, has_open_metrics, method, handshake, body);
            async move { answered.await.into_response() }
        })
}
