//! HTTP over an accepted connection: hyper's loop, in a task a connection.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use futures_util::TryFutureExt;
use futures_util::future::{Either, select};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, watch};

use crate::config::Config;
use crate::protocol::escaped::Escaped;
use crate::server::exchange::{self, Exchange, Outgoing};
use crate::server::peer::{ByTls, PeerAddr, canonical};
use crate::server::service::Routes;
use crate::server::timed_stream::TimedStream;

/// Hyper's least.
const LEAST_HEAD_BYTES: usize = 8 * 1024;

pub(super) struct HttpConnections {
    http: http1::Builder,
    routes: Routes,
    config: Arc<Config>,
    /// Changes when the server stops. While a receiver is alive, a request may be in progress.
    stopping: watch::Receiver<()>,
}

impl HttpConnections {
    pub fn new(routes: Routes, config: Arc<Config>, stopping: watch::Receiver<()>) -> Self {
        let mut http = http1::Builder::new();
        // `TimedStream` has the timeouts.
        http.header_read_timeout(None);
        http.max_buf_size(config.head_bytes.max(LEAST_HEAD_BYTES));
        Self { http, routes, config, stopping }
    }

    /// Serves until the connection ends or is upgraded. `wrapped` puts TLS around the stream, if it is used: above the timeouts,
    /// because the TLS handshake counts as part of the first request's head.
    pub fn serve<I, O>(
        &self,
        io: I,
        wrapped: impl FnOnce(TimedStream<I>) -> O,
        peer: Option<SocketAddr>,
        tls: Option<ByTls>,
        place: OwnedSemaphorePermit,
    ) where
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        O: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let Config { header_timeout, keep_alive_timeout, .. } = *self.config;
        let exchange = Arc::new(Exchange::default());
        let io = wrapped(TimedStream::new(io, Arc::clone(&exchange), header_timeout, keep_alive_timeout));
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
        // Not hyper-util's `auto`, which sets no bound on how long a client may send nothing.
        let connection = self.http.serve_connection(TokioIo::new(io), service).with_upgrades();
        let mut stopping = self.stopping.clone();
        tokio::spawn(async move {
            let _place = place;
            let mut connection = pin!(connection);
            let ended = match select(connection.as_mut(), pin!(stopping.changed())).await {
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
