//! From a listener or a mounted route to a running session, and back down to a clean stop.
//!
//! The only folder that knows hyper, tower and warp, but for `Reject`, which is also a warp response. Imports all folders below it.

mod accept_loop;
#[cfg(all(feature = "cluster", any(feature = "metrics", feature = "ops")))]
mod bus_numbers;
pub(crate) mod channels;
#[cfg(feature = "cluster")]
mod clustered;
mod drain;
mod exchange;
mod filter;
mod handshake;
pub(crate) mod health;
#[cfg(any(feature = "metrics", feature = "ops"))]
mod health_numbers;
pub(crate) mod http;
mod http_connections;
pub(crate) mod listener;
#[cfg(any(feature = "metrics", feature = "ops"))]
mod numbers;
#[cfg(feature = "ops")]
pub(crate) mod ops;
pub(crate) mod peer;
#[cfg_attr(not(any(feature = "metrics", feature = "ops")), allow(dead_code, reason = "a number for collectors alone"))]
mod readiness;
mod refusal_counters;
pub(crate) mod refuse;
pub(crate) mod service;
mod signals;
pub(crate) mod table;
pub(crate) mod timed_stream;
#[cfg(feature = "tls")]
mod tls;
mod upgrade;

use std::fmt;
use std::io;
use std::sync::Arc;

use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

use crate::config::Config;
use crate::connection::in_flight::Activity;
use crate::protocol::describe::Description;
use crate::server::filter::filter;
use crate::server::health::Health;
#[cfg(feature = "ops")]
use crate::server::ops::listener::OpsListener;
use crate::server::service::{Routes, Service};
use crate::server::table::RouteTable;

/// Channels with their app: to be served alone, or mounted in another server.
pub struct Server<App> {
    table: Arc<RouteTable<App>>,
    routes: Option<BoxedFilter<(Response,)>>,
    #[cfg(feature = "ops")]
    ops: Option<io::Result<OpsListener>>,
}

impl<App: Send + Sync + 'static> Server<App> {
    pub(crate) fn new(table: RouteTable<App>) -> Self {
        Self {
            table: Arc::new(table),
            routes: None,
            #[cfg(feature = "ops")]
            ops: None,
        }
    }

    /// With other bounds than the default ones.
    ///
    /// # Panics
    /// After [`filter`](Self::filter) or [`service`](Self::service): what is mounted keeps its bounds.
    #[must_use]
    #[track_caller]
    pub fn config(mut self, config: Config) -> Self {
        let table = Arc::get_mut(&mut self.table).expect("a server is configured before it is mounted");
        table.configure(config);
        self
    }

    /// The messages of the channels as data: for documentation, schemas and generated clients.
    pub fn describe(&self) -> Description {
        self.table.describe()
    }

    /// All channels as one warp filter, which leaves other requests to the filters beside it:
    ///
    /// ```
    /// # use channel_runtime::{channel, channels};
    /// # use warp::Filter;
    /// # #[channel("/chat")] pub struct Chat;
    /// # #[channel] impl Chat {}
    /// let server = channels![Chat].app(());
    /// let routes = server.filter().or(warp::path("health").map(|| "ok"));
    /// # let served = async { warp::serve(routes).run(([127, 0, 0, 1], 3030)).await };
    /// ```
    ///
    /// Below a prefix, `warp::path("api").and(server.filter())`, a channel's path is what remains.
    ///
    /// Routes that were added with [`or`](Self::or) are part of it.
    pub fn filter(&self) -> BoxedFilter<(Response,)> {
        let channels = filter(Arc::clone(&self.table));
        match &self.routes {
            Some(routes) => channels.or(routes.clone()).unify().boxed(),
            None => channels.boxed(),
        }
    }

    /// The server and its channels in numbers, for a route or a job.
    pub fn health(&self) -> Health {
        let RouteTable { node, refused, readiness, .. } = &*self.table;
        Health::new(node, refused, readiness)
    }

    /// All channels as one tower service, for a router or server that is not warp's. With axum:
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use channel_runtime::{channel, channels};
    ///
    /// # #[channel("/chat")] pub struct Chat;
    /// # #[channel] impl Chat {}
    /// # async fn serve() -> std::io::Result<()> {
    /// let server = channels![Chat].app(());
    /// let routes = Router::new().route("/health", get(|| async { "ok" })).fallback_service(server.service());
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:3030").await?;
    /// axum::serve(listener, routes).await
    /// # }
    /// ```
    ///
    /// A path that the router has a route for, whatever its method, does not reach this service. Below a prefix,
    /// `nest_service("/api", server.service())`, a channel's path is what remains. Another server does not know the
    /// connections of the channels: [`drain`](Self::drain) them before it stops, or while it does.
    ///
    /// Extractors know the client's address if the request has a [`PeerAddr`](crate::PeerAddr).
    pub fn service(&self) -> Service {
        Service::new(self.all_routes())
    }

    pub(crate) fn all_routes(&self) -> Routes {
        let (channels, paths) = (filter(Arc::clone(&self.table)), self.table.paths());
        match &self.routes {
            Some(routes) => Routes::new(channels.or(routes.clone()).unify(), paths),
            None => Routes::new(channels, paths),
        }
    }

    /// With more warp routes, tried after the channels.
    #[must_use]
    pub fn or<F, R>(mut self, routes: F) -> Self
    where
        F: Filter<Extract = (R,), Error: Into<Rejection>> + Clone + Send + Sync + 'static,
        R: Reply + 'static,
    {
        let routes = routes.map(Reply::into_response).boxed();
        self.routes = Some(match self.routes {
            Some(earlier) => earlier.or(routes).unify().boxed(),
            None => routes,
        });
        self
    }

    #[track_caller]
    pub(crate) fn counting(mut self, activity: Activity) -> Self {
        let table = Arc::get_mut(&mut self.table).expect("a server is tested before it is mounted");
        table.count(activity);
        self
    }

    #[cfg(not(feature = "ops"))]
    #[expect(clippy::unnecessary_wraps, reason = "an operators' port may be missing")]
    fn check_ops(self) -> io::Result<Self> {
        Ok(self)
    }

    pub(crate) fn table(&self) -> &Arc<RouteTable<App>> {
        &self.table
    }
}

#[cfg(feature = "contract")]
impl<App: Send + Sync + 'static> crate::contract::Described for Server<App> {
    fn description(&self) -> Description {
        self.describe()
    }
}

impl<App> fmt::Debug for Server<App> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("channels", &self.table).finish_non_exhaustive()
    }
}
