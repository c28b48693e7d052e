//! A server that has its listener: hyper's loop around the channels and the routes beside them.

use std::convert::Infallible;
use std::fmt;
use std::future::{Future, pending, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::TryFutureExt;
use futures_util::future::{Either, select};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, ToSocketAddrs, lookup_host};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinHandle;

use crate::config::Config;
use crate::protocol::escaped::Escaped;
use crate::server::Server;
use crate::server::exchange::{self, Exchange, Outgoing};
use crate::server::listener::Listener;
use crate::server::peer::{ByTls, PeerAddr, canonical};
use crate::server::service::Routes;
use crate::server::signals::Signals;
use crate::server::timed::Timed;
#[cfg(feature = "tls")]
use crate::server::tls::Tls;
use crate::session::guard::BoxFuture;

/// How long the server waits after a failed `accept`, most often for want of file descriptors: 100 ms.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The least that hyper reads a head into.
const LEAST_HEAD_BYTES: usize = 8 * 1024;

impl<App: Send + Sync + 'static> Server<App> {
    /// Serves at this address until ctrl-c or another [signal](BoundServer::run), then stops as [`drain`](Self::drain) says.
    ///
    /// Where it listens is logged, as is all that goes wrong, by `tracing`: a program that wants to see it installs a subscriber,
    /// such as `tracing_subscriber::fmt().init()`.
    ///
    /// # Errors
    /// Where the address can't be bound, which the error names.
    pub async fn serve(self, addr: impl ToSocketAddrs) -> io::Result<()> {
        self.bind(addr).await?.run().await
    }

    /// Takes an address, port 0 for any; connections wait until it [runs](BoundServer::run).
    ///
    /// # Errors
    /// Where the address can't be bound, which the error names.
    pub async fn bind(self, addr: impl ToSocketAddrs) -> io::Result<BoundServer<App>> {
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
    pub fn listen<L: Listener>(self, listener: L) -> BoundServer<App, L> {
        BoundServer::new(self, listener)
    }
}

/// A server that has its listener, from [`Server::bind`] or [`Server::listen`]; connections wait until it [runs](Self::run).
pub struct BoundServer<A, L = TcpListener> {
    server: Server<A>,
    listener: L,
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
}

/// The former name of [`BoundServer`].
pub type Bound<A, L = TcpListener> = BoundServer<A, L>;

impl<A: Send + Sync + 'static> BoundServer<A> {
    /// The address, with the real port where 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.listener.local_addr().expect("a socket that listens has an address")
    }
}

impl<A: Send + Sync + 'static, L: Listener> BoundServer<A, L> {
    pub(crate) fn new(server: Server<A>, listener: L) -> Self {
        Self {
            server,
            listener,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// Over TLS: `https` for the routes, `wss` for the channels. With the feature `tls`.
    ///
    /// ```no_run
    /// use channel_runtime::{channel, channels, rustls};
    /// use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
    ///
    /// # #[channel("/chat")] pub struct Chat;
    /// # #[channel] impl Chat {}
    /// # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
    /// let chain = CertificateDer::pem_file_iter("chain.pem")?.collect::<Result<_, _>>()?;
    /// let key = PrivateKeyDer::from_pem_file("key.pem")?;
    /// let tls = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
    /// channels![Chat].app(()).bind("0.0.0.0:443").await?.tls(tls).run().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The TLS handshake is done by the connection's own task, within [`header_timeout`](crate::Config::header_timeout).
    /// HTTP/1.1 is what is spoken, whatever the `alpn_protocols` say.
    ///
    /// A certificate that is renewed while the server runs is rustls' own affair: with a `ResolvesServerCert` each handshake
    /// takes the newest.
    ///
    /// ```
    /// use std::sync::{Arc, RwLock};
    /// use channel_runtime::rustls::server::{ClientHello, ResolvesServerCert};
    /// use channel_runtime::rustls::{ServerConfig, sign::CertifiedKey};
    ///
    /// #[derive(Debug)]
    /// struct Renewed(RwLock<Arc<CertifiedKey>>);
    ///
    /// impl ResolvesServerCert for Renewed {
    ///     fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
    ///         Some(Arc::clone(&self.0.read().unwrap()))
    ///     }
    /// }
    ///
    /// # fn tls(first: CertifiedKey) -> ServerConfig {
    /// let certificate = Arc::new(Renewed(RwLock::new(Arc::new(first))));
    /// // Whoever renews it keeps a clone of `certificate`, and writes.
    /// ServerConfig::builder().with_no_client_auth().with_cert_resolver(certificate)
    /// # }
    /// ```
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, config: impl Into<Arc<tokio_rustls::rustls::ServerConfig>>) -> Self {
        self.tls = Some(Tls::new(config.into()));
        self
    }

    /// Serves until ctrl-c or SIGTERM, SIGHUP or SIGQUIT, then stops as [`Server::drain`] says; at the second one it returns at
    /// once. The third ends the process, with the exit status 128 and the signal's number, even where the runtime is blocked; so
    /// does the next one when it has returned, so that what the program still has to do does not hold it for ever.
    ///
    /// Signals within half a second are one: a terminal that is closed sends two.
    ///
    /// SIGHUP and SIGQUIT are left alone where the process was started without them, as `nohup` does. A program that has another
    /// use for a signal, such as SIGHUP to read its certificates anew, says itself when it stops: [`run_until`](Self::run_until).
    ///
    /// # Errors
    /// Where the signals can't be listened for.
    pub async fn run(self) -> io::Result<()> {
        let mut first = Signals::listen()?;
        let mut both = first.clone();
        let served = self.run_until(async { first.reach(1).await });
        let impatient = async {
            both.reach(2).await;
            tracing::warn!("told twice to stop: connections are no longer waited for");
        };
        select(pin!(served), pin!(impatient)).await;
        Ok(())
    }

    /// Serves until `stop` is ready, then stops as [`Server::drain`] says. Requests beside the channels are answered meanwhile, and
    /// then have [`shutdown_timeout`](crate::Config::shutdown_timeout) to end.
    pub async fn run_until(self, stop: impl Future<Output = ()>) {
        let Self { server, mut listener, .. } = self;
        let (config, registry) = (Arc::clone(&server.table().config), Arc::clone(&server.table().registry));
        let mut http = http1::Builder::new();
        // The clocks are our stream's.
        http.header_read_timeout(None);
        http.max_buf_size(config.head_bytes.max(LEAST_HEAD_BYTES));
        let (stopping, told) = watch::channel(());
        let places = Arc::new(Semaphore::new(config.http_connections.min(Semaphore::MAX_PERMITS)));
        let patience = config.shutdown_timeout;
        let reception = Reception { http, routes: server.all_routes(), config, told };
        let mut accepting = Accepting::start(async move {
            loop {
                let (place, io, peer) = accept(&mut listener, &places).await;
                #[cfg(feature = "tls")]
                if let Some(tls) = &self.tls {
                    Tls::observe(&io);
                    reception.receive(io, |io| tls.wrap(io), peer, Some(ByTls), place);
                    continue;
                }
                reception.receive(io, |io| io, peer, None, place);
            }
        });
        // The stop is looked at first: where clients never cease to come, it would else never have its turn.
        select(pin!(stop), pin!(accepting.panicked())).await;
        // No address is held while the server drains.
        drop(accepting);
        let mut drained = pin!(server.drain());
        // Requests beside the channels end by themselves; what does not has as long as the channels' handlers have had, at the
        // same time as what those still do.
        let is_drained = matches!(select(drained.as_mut(), pin!(registry.has_given_up())).await, Either::Left(_));
        stopping.send_replace(());
        let requests_ended = async {
            if tokio::time::timeout(patience, stopping.closed()).await.is_err() {
                tracing::warn!("requests that have not ended are no longer waited for");
            }
        };
        if is_drained {
            requests_ended.await;
        } else {
            futures_util::future::join(drained, requests_ended).await;
        }
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

/// What accepts connections, until this is dropped, and its task. It is a task because whoever runs a server most often waits in
/// `block_on`, which is a thread of its own: each connection would come by way of that thread to one of the runtime's.
struct Accepting {
    /// Not the task's own, which would hold the listener until the runtime has seen that it is aborted. `None` once it is over.
    accepts: Arc<Mutex<Option<BoxFuture<'static, Infallible>>>>,
    task: JoinHandle<Infallible>,
}

impl Accepting {
    fn start(accepts: impl Future<Output = Infallible> + Send + 'static) -> Self {
        let accepts: Arc<Mutex<Option<BoxFuture<'static, _>>>> = Arc::new(Mutex::new(Some(Box::pin(accepts))));
        let polled = Arc::clone(&accepts);
        let task = tokio::spawn(poll_fn(move |cx| match &mut *polled.lock() {
            Some(accepts) => accepts.as_mut().poll(cx),
            None => Poll::Pending,
        }));
        Self { accepts, task }
    }

    /// Ready never: passes a panic of the listener on.
    async fn panicked(&mut self) -> Infallible {
        match (&mut self.task).await {
            Ok(never) => never,
            Err(ended) if ended.is_panic() => resume_unwind(ended.into_panic()),
            // The runtime shuts down, and whoever waits here with it.
            Err(_) => pending().await,
        }
    }
}

impl Drop for Accepting {
    fn drop(&mut self) {
        self.task.abort();
        let accepts = self.accepts.lock().take();
        drop(accepts);
    }
}

/// The next connection, once there is a place for it.
async fn accept<L: Listener>(
    listener: &mut L,
    places: &Arc<Semaphore>,
) -> (OwnedSemaphorePermit, L::Io, Option<SocketAddr>) {
    let place = Arc::clone(places).acquire_owned().await.expect("the places are never closed");
    let mut is_failing = false;
    loop {
        match listener.accept().await {
            Ok((io, peer)) => return (place, io, peer),
            // The client's own fault: it went away before it was accepted.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                if !is_failing {
                    tracing::warn!(error = %Escaped(&error), "no connection can be accepted; it is tried again until one is");
                    is_failing = true;
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

impl<A, L: fmt::Debug> fmt::Debug for BoundServer<A, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, listener, .. } = self;
        f.debug_struct("BoundServer").field("server", server).field("listener", listener).finish_non_exhaustive()
    }
}

/// What every connection is received with.
struct Reception {
    http: http1::Builder,
    routes: Routes,
    config: Arc<Config>,
    /// Tells that the server stops; and as long as anybody listens, a request may be under way.
    told: watch::Receiver<()>,
}

impl Reception {
    /// Answers the requests of a connection in a task of its own, until it ends or is upgraded. What is `wrapped` is spoken over:
    /// the clocks are below it, for a handshake of its own is part of the first head.
    fn receive<I, O>(
        &self,
        io: I,
        wrapped: impl FnOnce(Timed<I>) -> O,
        peer: Option<SocketAddr>,
        tls: Option<ByTls>,
        place: OwnedSemaphorePermit,
    ) where
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        O: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let Config { header_timeout, keep_alive_timeout, .. } = *self.config;
        let exchange = Arc::new(Exchange::default());
        let io = wrapped(Timed::new(io, Arc::clone(&exchange), header_timeout, keep_alive_timeout));
        let (routes, requests) = (self.routes.clone(), Arc::clone(&exchange));
        let service = service_fn(move |request: Request<Incoming>| {
            let in_hand = requests.begin();
            let held = in_hand.clone();
            let mut request = request.map(|body| exchange::Incoming::new(body, header_timeout, held));
            if let Some(peer) = peer {
                request.extensions_mut().insert(PeerAddr(canonical(peer)));
            }
            if let Some(tls) = tls {
                request.extensions_mut().insert(tls);
            }
            routes.answer(request).map_ok(|response| response.map(|body| Outgoing::new(body, in_hand)))
        });
        // Not hyper-util's `auto`: it gives a client that says nothing all the time it wants.
        let connection = self.http.serve_connection(TokioIo::new(io), service).with_upgrades();
        let mut told = self.told.clone();
        tokio::spawn(async move {
            let _place = place;
            let mut connection = pin!(connection);
            let ended = match select(connection.as_mut(), pin!(told.changed())).await {
                Either::Left((ended, _)) => ended,
                Either::Right(_) => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            exchange.end();
            if let Err(error) = ended {
                tracing::debug!(error = %Escaped(error), "a request ended with an error");
            }
        });
    }
}
