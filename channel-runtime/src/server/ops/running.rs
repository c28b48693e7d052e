//! An operators' port that runs beside its server, and longer.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::server::Server;
use crate::server::accept_loop::{AcceptLoop, accept};
use crate::server::http_connections::HttpConnections;
use crate::server::ops::listener::OpsListener;
use crate::server::ops::mounted::all_routes;

/// Of the port. Its places are its own: a flood of clients keeps no operator out.
const MOST_CONNECTIONS: usize = 256;

/// For requests that have not ended when all else has.
const STOP_TIMEOUT: Duration = Duration::from_secs(1);

pub(in crate::server) struct RunningOps {
    accept_loop: AcceptLoop,
    stop: watch::Sender<()>,
}

impl RunningOps {
    /// # Errors
    /// If the runtime does not take the listener.
    pub fn start<A: Send + Sync + 'static>(ops: OpsListener, server: &Server<A>) -> io::Result<Self> {
        let OpsListener { ops, listener } = ops;
        let mut listener = TcpListener::from_std(listener)?;
        if let Ok(addr) = listener.local_addr() {
            tracing::info!("operators' port on {addr}");
        }
        let (stop, stopping) = watch::channel(());
        let config = Arc::clone(&server.table().config);
        let places = Arc::new(Semaphore::new(MOST_CONNECTIONS.min(config.http_connections)));
        let connections = HttpConnections::new(all_routes(&ops, server), config, stopping);
        let accept_loop = AcceptLoop::start(async move {
            loop {
                let (place, io, peer) = accept(&mut listener, &places).await;
                connections.serve(io, |io| io, peer, None, place);
            }
        });
        Ok(Self { accept_loop, stop })
    }

    /// Requests that have begun have a second to end.
    pub async fn stop(self) {
        let Self { accept_loop, stop } = self;
        drop(accept_loop);
        stop.send_replace(());
        if tokio::time::timeout(STOP_TIMEOUT, stop.closed()).await.is_err() {
            tracing::warn!("requests of operators that have not ended are no longer waited for");
        }
    }
}
