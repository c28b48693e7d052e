//! A clean stop of the channels, in stages.

use crate::server::Server;
use crate::server::table::RouteTable;

impl<App: Send + Sync + 'static> Server<App> {
    /// Stops the channels, in stages. Newcomers are answered 503 from now on. What has been gathered for batches is handled, for at
    /// most [`shutdown_timeout`](crate::Config::shutdown_timeout), and rooms that are kept open for nobody are closed.
    /// The clients are told 1001, each after what was sent
    /// to it before, spread over [`drain_window`](crate::Config::drain_window), so that a whole server's clients do not come back in
    /// one moment; until then they are served. Who still waits for a room to open is told at once.
    ///
    /// Handlers end and `on_close` runs; whatever still runs
    /// [`shutdown_timeout`](crate::Config::shutdown_timeout) after the last close is cancelled, and its `on_close` gets the same time
    /// again. A client whose message with a `ref` is being handled has the answer first, an error `timeout` where the handler is
    /// cancelled, and the 1001 after that; what it has said behind that message is not handled. An answer
    /// that was [deferred](crate::Socket::defer), or whose message is [kept](crate::Batched) beyond its batch, is waited for as long as
    /// handlers are. Returns when all have ended.
    ///
    /// [`serve`](Self::serve) and [`BoundServer::run`](crate::BoundServer::run) call it. Where the channels are [mounted](Self::filter) in another server,
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
        let RouteTable { registry, config, .. } = &*self.table;
        registry.close_door();
        // An error is a batch that takes for ever: it is cancelled below.
        let _ = tokio::time::timeout(config.shutdown_timeout, registry.batches_flushed()).await;
        registry.send_away(config.drain_window).await;
        if tokio::time::timeout(config.shutdown_timeout, registry.sessions_ended()).await.is_err() {
            registry.give_up();
            registry.sessions_ended().await;
        }
    }
}
