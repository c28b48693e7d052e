//! From a listener or a mounted route to a running session, and back down to a clean stop.
//!
//! [`Server`] is a server in the making: the channels, the routes beside them, and where they are mounted or served. The only
//! folder that knows hyper, tower and warp, but for a refusal that is a response of warp's. Imports all below it.

pub(crate) mod channels;
mod exchange;
pub(crate) mod filter;
pub(crate) mod health;
pub(crate) mod http;
pub(crate) mod listener;
pub(crate) mod refuse;
pub(crate) mod service;
mod signals;
pub(crate) mod timed;
#[cfg(feature = "tls")]
mod tls;

use std::fmt;
use std::io;
use std::sync::Arc;

use tokio::net::{TcpListener, ToSocketAddrs, lookup_host};
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

use crate::config::Config;
use crate::connection::in_flight::Activity;
use crate::protocol::describe::Description;
use crate::server::channels::Table;
use crate::server::filter::filter;
use crate::server::health::Health;
use crate::server::http::Bound;
use crate::server::listener::Listener;
use crate::server::service::{Routes, Service};

/// Channels with their app: to be served alone, or mounted in somebody else's server.
pub struct Server<App> {
    table: Arc<Table<App>>,
    routes: Option<BoxedFilter<(Response,)>>,
}

impl<App: Send + Sync + 'static> Server<App> {
    pub(crate) fn new(table: Table<App>) -> Self {
        Self { table: Arc::new(table), routes: None }
    }

    /// With other bounds than the default ones.
    ///
    /// # Panics
    /// After [`filter`](Self::filter): what is mounted keeps its bounds.
    #[must_use]
    #[track_caller]
    pub fn config(mut self, config: Config) -> Self {
        let table = Arc::get_mut(&mut self.table).expect("a server is configured before it is mounted");
        table.configure(config);
        self
    }

    /// What travels on the channels, as data: for documentation, schemas and generated clients.
    pub fn describe(&self) -> Description {
        self.table.describe()
    }

    /// All channels as one warp filter, which leaves other requests to the routes beside it:
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
    /// What was added with [`or`](Self::or) is part of it.
    pub fn filter(&self) -> BoxedFilter<(Response,)> {
        let channels = filter(Arc::clone(&self.table));
        match &self.routes {
            Some(routes) => channels.or(routes.clone()).unify().boxed(),
            None => channels.boxed(),
        }
    }

    /// How the server and its channels are, for a route or a job to ask.
    pub fn health(&self) -> Health {
        Health::new(Arc::clone(&self.table.registry), Arc::clone(&self.table.refused))
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
    /// A path that the router has a route for, whatever its method, does not come here. Below a prefix,
    /// `nest_service("/api", server.service())`, a channel's path is what remains. Another server does not know the
    /// connections of the channels: [`drain`](Self::drain) them before it stops, or while it does.
    ///
    /// Extractors see the client's address where a [`PeerAddr`](crate::PeerAddr) tells it.
    pub fn service(&self) -> Service {
        Service::new(self.all_routes())
    }

    /// The channels and the routes beside them, as all that there is.
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

    /// Serves at this address until ctrl-c or another [signal](Bound::run), then stops as [`drain`](Self::drain) says.
    ///
    /// Where it listens is logged, as is all that goes wrong, by `tracing`: a program that wants to see it installs a subscriber,
    /// such as `tracing_subscriber::fmt().init()`.
    ///
    /// # Errors
    /// Where the address can't be bound, which the error names.
    pub async fn serve(self, addr: impl ToSocketAddrs) -> io::Result<()> {
        self.bind(addr).await?.run().await
    }

    /// Takes an address, port 0 for any; connections wait until it [runs](Bound::run).
    ///
    /// # Errors
    /// Where the address can't be bound, which the error names.
    pub async fn bind(self, addr: impl ToSocketAddrs) -> io::Result<Bound<App>> {
        let bound = self.listen(listen_at(addr).await?);
        tracing::info!("listening on {}", bound.local_addr());
        Ok(bound)
    }

    /// Takes a listener that is there already: a TCP socket with options of its own or from the process before this one, a
    /// unix socket, or any other [`Listener`].
    ///
    /// ```no_run
    /// # use channel_runtime::{channel, channels};
    /// # #[channel("/chat")] pub struct Chat;
    /// # #[channel] impl Chat {}
    /// # #[cfg(unix)]
    /// # async fn serve() -> std::io::Result<()> {
    /// let listener = tokio::net::UnixListener::bind("/run/chat.sock")?;
    /// channels![Chat].app(()).listen(listener).run().await
    /// # }
    /// ```
    pub fn listen<L: Listener>(self, listener: L) -> Bound<App, L> {
        Bound::new(self, listener)
    }

    /// Stops the channels, in stages. Newcomers are answered 503 from now on. What has been gathered for batches is handled, for at
    /// most [`shutdown_timeout`](Config::shutdown_timeout), and rooms that are kept open for nobody are closed.
    /// The clients are told 1001, each after what was sent
    /// to it before, spread over [`drain_window`](Config::drain_window), so that a whole server's clients do not come back in
    /// one moment; until then they are served. Who still waits for a room to open is told at once.
    ///
    /// Handlers end and `on_close` runs; whatever still runs
    /// [`shutdown_timeout`](Config::shutdown_timeout) after the last close is cancelled, and its `on_close` gets the same time
    /// again. A client whose message with a `ref` is being handled has the answer first, an error `timeout` where the handler is
    /// cancelled, and the 1001 after that; what it has said behind that message is not handled. An answer
    /// that was [deferred](crate::Socket::defer), or whose message is [kept](crate::Batched) beyond its batch, is waited for as long as
    /// handlers are. Returns when all have ended.
    ///
    /// [`serve`](Self::serve) and [`Bound::run`] call it. Where the channels are [mounted](Self::filter) in another server,
    /// that one does not know their connections: call it before that server stops, or while it does.
    ///
    /// ```
    /// # use channel_runtime::{channel, channels};
    /// # #[channel("/chat")] pub struct Chat;
    /// # #[channel] impl Chat {}
    /// # let asked_to_stop = async {};
    /// let server = channels![Chat].app(());
    /// let mounted = warp::serve(server.filter()).bind(([127, 0, 0, 1], 3030));
    /// # let served = async {
    /// let stop = async move {
    ///     asked_to_stop.await;
    ///     server.drain().await;
    /// };
    /// mounted.await.graceful(stop).run().await;
    /// # };
    /// ```
    pub async fn drain(&self) {
        let Table { registry, config, .. } = &*self.table;
        registry.close_door();
        // An error is a batch that takes for ever: it is cancelled below.
        let _ = tokio::time::timeout(config.shutdown_timeout, registry.batches_flushed()).await;
        registry.send_away(config.drain_window).await;
        if tokio::time::timeout(config.shutdown_timeout, registry.sessions_ended()).await.is_err() {
            registry.give_up();
            registry.sessions_ended().await;
        }
    }

    /// With all work in flight counted, for tests.
    #[track_caller]
    pub(crate) fn counting(mut self) -> Self {
        let table = Arc::get_mut(&mut self.table).expect("a server is tested before it is mounted");
        table.activity = Activity::counting();
        self
    }

    pub(crate) fn table(&self) -> &Arc<Table<App>> {
        &self.table
    }
}

impl<App> fmt::Debug for Server<App> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("channels", &self.table).finish_non_exhaustive()
    }
}

/// Listens at the first of these addresses that can be bound.
async fn listen_at(addr: impl ToSocketAddrs) -> io::Result<TcpListener> {
    let mut last = io::Error::new(io::ErrorKind::InvalidInput, "the address to listen on resolves to none");
    for addr in lookup_host(addr).await? {
        match TcpListener::bind(addr).await {
            Ok(listener) => return Ok(listener),
            Err(error) => last = io::Error::new(error.kind(), format!("can't listen on {addr}: {error}")),
        }
    }
    Err(last)
}
