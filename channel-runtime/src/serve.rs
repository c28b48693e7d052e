//! A server of one's own: hyper's loop around the channels and the routes beside them.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, ToSocketAddrs};
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

use crate::activity::Activity;
use crate::channels::Table;
use crate::config::Config;
use crate::filter::{PeerAddr, filter};

/// How long the server waits after a failed `accept`, most often for want of file descriptors: 100 ms.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long a client may take for a request's head: 10 seconds.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// Channels with their app: to be served alone, or mounted in somebody else's server.
pub struct Server<A> {
    table: Arc<Table<A>>,
    routes: Option<BoxedFilter<(Response,)>>,
}

impl<A: Send + Sync + 'static> Server<A> {
    pub(crate) fn new(table: Table<A>) -> Self {
        Self { table: Arc::new(table), routes: None }
    }

    /// With other bounds than the default ones.
    ///
    /// # Panics
    /// After [`filter`](Self::filter): what is mounted keeps its bounds.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        let table = Arc::get_mut(&mut self.table).expect("a server is configured before it is mounted");
        table.config = Arc::new(config);
        self
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
            None => channels,
        }
    }

    /// With more warp routes, tried after the channels.
    #[must_use]
    pub fn or<F, R>(mut self, routes: F) -> Self
    where
        F: Filter<Extract = (R,), Error = Rejection> + Clone + Send + Sync + 'static,
        R: Reply + 'static,
    {
        let routes = routes.map(Reply::into_response).boxed();
        self.routes = Some(match self.routes {
            Some(earlier) => earlier.or(routes).unify().boxed(),
            None => routes,
        });
        self
    }

    /// Serves at this address until ctrl-c or SIGTERM, then stops as [`drain`](Self::drain) says.
    ///
    /// # Errors
    /// Where the address can't be bound.
    pub async fn serve(self, addr: impl ToSocketAddrs) -> io::Result<()> {
        self.bind(addr).await?.run().await
    }

    /// Takes an address, port 0 for any; connections wait until it [runs](Bound::run).
    ///
    /// # Errors
    /// Where the address can't be bound.
    pub async fn bind(self, addr: impl ToSocketAddrs) -> io::Result<Bound<A>> {
        let listener = TcpListener::bind(addr).await?;
        let local_addr = listener.local_addr()?;
        Ok(Bound { server: self, listener, local_addr })
    }

    /// Stops the channels, in stages. Newcomers are answered 503 from now on. The clients are told 1001, each after what was sent
    /// to it before, spread over [`drain_window`](Config::drain_window), so that a whole server's clients do not come back in
    /// one moment; until then they are served. Handlers end and `on_close` runs; whatever still runs
    /// [`shutdown_timeout`](Config::shutdown_timeout) after the last close is cancelled, and its `on_close` gets the same time
    /// again. Returns when all have ended.
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
        registry.send_away(config.drain_window).await;
        if tokio::time::timeout(config.shutdown_timeout, registry.sessions_ended()).await.is_err() {
            registry.give_up();
            registry.sessions_ended().await;
        }
    }

    /// With all work in flight counted, for tests.
    pub(crate) fn counting(mut self) -> Self {
        let table = Arc::get_mut(&mut self.table).expect("a server is tested before it is mounted");
        table.activity = Activity::counting();
        self
    }

    pub(crate) fn table(&self) -> &Arc<Table<A>> {
        &self.table
    }
}

impl<A> fmt::Debug for Server<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("channels", &self.table).finish_non_exhaustive()
    }
}

/// A server that has its address.
#[derive(Debug)]
pub struct Bound<A> {
    server: Server<A>,
    listener: TcpListener,
    local_addr: SocketAddr,
}

impl<A: Send + Sync + 'static> Bound<A> {
    /// The address, with the real port where 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Serves until ctrl-c or SIGTERM, then stops as [`Server::drain`] says.
    ///
    /// # Errors
    /// Where the signals can't be listened for.
    pub async fn run(self) -> io::Result<()> {
        let signalled = signalled()?;
        self.run_until(signalled).await;
        Ok(())
    }

    /// Serves until `stop` is ready, then stops as [`Server::drain`] says.
    pub async fn run_until(self, stop: impl Future<Output = ()>) {
        let Self { server, listener, .. } = self;
        let service = TowerToHyperService::new(warp::service(server.filter()));
        let requests = GracefulShutdown::new();
        let mut http = auto::Builder::new(TokioExecutor::new()).http1_only();
        http.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
        let mut stop = pin!(stop);
        loop {
            // The stop is looked at first: where clients never cease to come, it would else never have its turn.
            let accepted = match select(stop.as_mut(), pin!(listener.accept())).await {
                Either::Left(_) => break,
                Either::Right((accepted, _)) => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                // The client's own fault: it went away before it was accepted.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let service = service.clone();
            let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
                request.extensions_mut().insert(PeerAddr(peer));
                service.call(request)
            });
            let connection = http.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
            let connection = requests.watch(connection);
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a request ended with an error");
                }
            });
        }
        drop(listener);
        server.drain().await;
        // Requests beside the channels end by themselves, or with the same patience.
        let patience = server.table.config.shutdown_timeout;
        if tokio::time::timeout(patience, requests.shutdown()).await.is_err() {
            tracing::warn!("requests that had not ended were dropped");
        }
    }
}

/// Ready at ctrl-c or SIGTERM.
fn signalled() -> io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        Ok(async move {
            select(pin!(interrupt.recv()), pin!(terminate.recv())).await;
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "ctrl-c can't be listened for");
            std::future::pending::<()>().await;
        }
    })
}
