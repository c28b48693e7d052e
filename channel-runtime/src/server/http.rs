//! A server with its listener: where it listens, how it runs, and when it stops.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use futures_util::future::{Either, select};
use tokio::net::{TcpListener, ToSocketAddrs, lookup_host};
use tokio::sync::{Semaphore, watch};

use crate::server::Server;
use crate::server::accept_loop::{AcceptLoop, accept};
use crate::server::http_connections::HttpConnections;
use crate::server::listener::Listener;
#[cfg(feature = "ops")]
use crate::server::ops::running::RunningOps;
#[cfg(feature = "tls")]
use crate::server::peer::ByTls;
use crate::server::signals::Signals;
#[cfg(feature = "tls")]
use crate::server::tls::Tls;

impl<App: Send + Sync + 'static> Server<App> {
    /// Serves at this address until ctrl-c or another [signal](BoundServer::run), then stops as [`drain`](Self::drain) describes.
    ///
    /// The address and all errors are logged by `tracing`: install a subscriber, as by `tracing_subscriber::fmt().init()`.
    ///
    /// # Errors
    /// If the address can't be bound. The error names it.
    pub async fn serve(self, addr: impl ToSocketAddrs) -> io::Result<()> {
        self.bind(addr).await?.run().await
    }

    /// Binds an address; port 0 means any free port. Connections wait until the server [runs](BoundServer::run).
    ///
    /// # Errors
    /// If the address can't be bound. The error names it.
    pub async fn bind(self, addr: impl ToSocketAddrs) -> io::Result<BoundServer<App>> {
        let server = self.check_ops()?;
        let bound = server.listen(listen_at(addr).await?);
        tracing::info!("listening on {}", bound.local_addr());
        Ok(bound)
    }

    /// Takes a listener: a TCP socket with options of its own or from the process before this one, a unix socket, any [`Listener`].
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

/// A server with its listener, from [`Server::bind`] or [`Server::listen`]. Connections wait until it [runs](Self::run).
pub struct BoundServer<A, L = TcpListener> {
    server: Server<A>,
    listener: L,
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
}

/// The former name of [`BoundServer`].
pub type Bound<A, L = TcpListener> = BoundServer<A, L>;

impl<A: Send + Sync + 'static> BoundServer<A> {
    /// The address, with the real port if 0 was asked for.
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

    /// The address of the [operators' port](Server::ops), with the real port if 0 was asked for. `None` if there is none.
    #[cfg(feature = "ops")]
    pub fn ops_addr(&self) -> Option<SocketAddr> {
        self.server.ops.as_ref()?.as_ref().ok()?.listener.local_addr().ok()
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
    /// The TLS handshake runs in the connection's own task, within [`header_timeout`](crate::Config::header_timeout). The protocol
    /// is HTTP/1.1, whatever the `alpn_protocols` are.
    ///
    /// To renew a certificate while the server runs, give rustls a `ResolvesServerCert`: each handshake then uses the newest.
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
    /// // To renew it, keep a clone of `certificate`, and write.
    /// ServerConfig::builder().with_no_client_auth().with_cert_resolver(certificate)
    /// # }
    /// ```
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, config: impl Into<Arc<tokio_rustls::rustls::ServerConfig>>) -> Self {
        self.tls = Some(Tls::new(config.into()));
        self
    }

    /// Serves until ctrl-c, SIGTERM, SIGHUP or SIGQUIT, then stops as [`Server::drain`] describes. At a second signal it returns at
    /// once. A third, or any after this method has returned, ends the process, with 128 plus the signal's number as its exit
    /// status, even if the runtime is blocked. Signals within half a second count as one, because a closed terminal sends two.
    ///
    /// SIGHUP and SIGQUIT are ignored if the process was started so, as `nohup` does. If a signal has another use in your program,
    /// such as SIGHUP to read the certificates anew, decide yourself when it stops: [`run_until`](Self::run_until).
    ///
    /// # Errors
    /// If the signals can't be listened for, or the operators' address could not be bound.
    pub async fn run(self) -> io::Result<()> {
        let this = Self { server: self.server.check_ops()?, ..self };
        let mut first = Signals::listen()?;
        let mut both = first.clone();
        let served = this.run_until(async { first.reach(1).await });
        let impatient = async {
            both.reach(2).await;
            tracing::warn!("told twice to stop: connections are no longer waited for");
        };
        select(pin!(served), pin!(impatient)).await;
        Ok(())
    }

    /// Serves until `stop` is ready, then stops as [`Server::drain`] describes. Other HTTP requests are answered during that, and
    /// then have [`shutdown_timeout`](crate::Config::shutdown_timeout) to end. The operators' port answers until all
    /// that has ended; requests there then have a second.
    ///
    /// # Panics
    /// If the operators' address could not be bound: [`run`](Self::run) and [`Server::bind`] return that error.
    pub async fn run_until(self, stop: impl Future<Output = ()>) {
        #[cfg(feature = "ops")]
        let Self { mut server, mut listener, .. } = self;
        #[cfg(not(feature = "ops"))]
        let Self { server, mut listener, .. } = self;
        #[cfg(feature = "ops")]
        let ops = server.ops.take().map(|ops| ops.and_then(|ops| RunningOps::start(ops, &server)));
        #[cfg(feature = "ops")]
        let ops = ops.transpose().expect("the operators' port listens");
        let (config, shutdown) = (Arc::clone(&server.table().config), Arc::clone(&server.table().node.shutdown));
        let (stop_requests, stopping) = watch::channel(());
        let places = Arc::new(Semaphore::new(config.http_connections.min(Semaphore::MAX_PERMITS)));
        let patience = config.shutdown_timeout;
        let connections = HttpConnections::new(server.all_routes(), config, stopping);
        let mut accept_loop = AcceptLoop::start(async move {
            loop {
                let (place, io, peer) = accept(&mut listener, &places).await;
                #[cfg(feature = "tls")]
                if let Some(tls) = &self.tls {
                    Tls::observe(&io);
                    connections.serve(io, |io| tls.wrap(io), peer, Some(ByTls), place);
                    continue;
                }
                connections.serve(io, |io| io, peer, None, place);
            }
        });
        // `stop` is polled first: under a constant stream of connections it would otherwise not be polled.
        select(pin!(stop), pin!(accept_loop.panicked())).await;
        select(pin!(server.leave()), pin!(accept_loop.panicked())).await;
        // The address is free while the connections are closed.
        drop(accept_loop);
        let mut drained = pin!(server.close());
        // Other requests have as long as the channels' handlers had, while `drain` cancels those.
        let is_drained = matches!(select(drained.as_mut(), pin!(shutdown.abort_started())).await, Either::Left(_));
        stop_requests.send_replace(());
        let requests_ended = async {
            if tokio::time::timeout(patience, stop_requests.closed()).await.is_err() {
                tracing::warn!("requests that have not ended are no longer waited for");
            }
        };
        if is_drained {
            requests_ended.await;
        } else {
            futures_util::future::join(drained, requests_ended).await;
        }
        // The last to end, so that a stop can be watched.
        #[cfg(feature = "ops")]
        if let Some(ops) = ops {
            ops.stop().await;
        }
    }
}

impl<A, L: fmt::Debug> fmt::Debug for BoundServer<A, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, listener, .. } = self;
        f.debug_struct("BoundServer").field("server", server).field("listener", listener).finish_non_exhaustive()
    }
}

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
