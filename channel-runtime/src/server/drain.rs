//! A clean stop of the channels, in stages.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::connection::framework_frames::return_window;
use crate::connection::moment::after;
use crate::room::registry::Registry;
use crate::server::Server;
use crate::server::table::RouteTable;
use crate::socket::node::Node;

/// The longest time between the closes of two connections.
const LONGEST_STEP: Duration = Duration::from_millis(1);

impl<App: Send + Sync + 'static> Server<App> {
    /// Stops the channels, in stages, and returns when all connections have ended:
    ///
    /// 0. The server is not [ready](crate::Ops) any more, and goes on as before for the
    ///    [`drain_delay`](crate::Config::drain_delay), which is none by default.
    /// 1. New handshakes are answered 503.
    /// 2. Messages that wait in batches are handled, for at most [`shutdown_timeout`](crate::Config::shutdown_timeout). Empty rooms
    ///    that are kept open are closed.
    /// 3. The connections are closed with 1001, each after what was sent to it before. The closes are spread over
    ///    [`drain_window`](crate::Config::drain_window), so that not all clients reconnect in one moment; until its close a client
    ///    is served. A client that still waits for its room to open is closed at once.
    /// 4. Handlers end and `on_close` runs. Whatever still runs [`shutdown_timeout`](crate::Config::shutdown_timeout) after the last
    ///    close is cancelled, and its `on_close` gets the same time again.
    ///
    /// If a message with a `ref` is being handled, its client gets the answer before the 1001, or an error `timeout` if the handler
    /// is cancelled. What the client has sent after that message is not handled. An answer that was
    /// [deferred](crate::Socket::defer), or whose message is [kept](crate::Batched) beyond its batch, is waited for as long as
    /// handlers are.
    ///
    /// [`serve`](Self::serve) and [`BoundServer::run`](crate::BoundServer::run) call it. If the channels are
    /// [mounted](Self::filter) in another server, call it yourself, before that server stops or while it does: that server does not
    /// know the channels' connections.
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
        self.leave().await;
        self.close().await;
    }

    /// Waits until load balancers have seen that the server is not ready any more.
    pub(super) async fn leave(&self) {
        let RouteTable { node, config, .. } = &*self.table;
        let left_at = node.shutdown.leave();
        if !config.drain_delay.is_zero() {
            sleep_until(after(left_at, config.drain_delay)).await;
        }
    }

    pub(super) async fn close(&self) {
        let RouteTable { node, config, .. } = &*self.table;
        let shutdown = &node.shutdown;
        shutdown.start_drain();
        // An error is a batch that takes too long: it is cancelled below.
        let _ = tokio::time::timeout(config.shutdown_timeout, self.table.batches_flushed()).await;
        close_all(&node.registry, config.drain_window, other_nodes(node)).await;
        if tokio::time::timeout(config.shutdown_timeout, shutdown.sessions_ended()).await.is_err() {
            shutdown.start_abort();
            shutdown.sessions_ended().await;
        }
        #[cfg(feature = "cluster")]
        crate::cluster::leave(node).await;
    }
}

/// How many nodes take over the clients.
fn other_nodes(node: &Node) -> usize {
    #[cfg(feature = "cluster")]
    let others = crate::cluster::other_nodes(node).unwrap_or(1);
    #[cfg(not(feature = "cluster"))]
    let others = {
        let _ = node;
        1
    };
    others
}

async fn close_all(registry: &Registry, window: Duration, other_nodes: usize) {
    let connections: Vec<_> = registry.connections().collect();
    let return_window = return_window(connections.len() / other_nodes.max(1));
    for connection in &connections {
        connection.outbox().set_return_window(return_window);
    }
    let window = window.min(LONGEST_STEP.saturating_mul(u32::try_from(connections.len()).unwrap_or(u32::MAX)));
    let begun = Instant::now();
    for (at, connection) in connections.iter().enumerate() {
        let due = begun + window.mul_f64(at as f64 / connections.len() as f64);
        if due > Instant::now() + LONGEST_STEP {
            sleep_until(due).await;
        }
        connection.outbox().start_drain();
    }
}
