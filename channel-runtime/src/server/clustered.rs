//! Channels and servers in a cluster: how they get onto the bus, and how it is seen.

use crate::cluster::{self, Backplane, Bus, ClusterError};
use crate::protocol::lock::fingerprint;
use crate::server::Server;
use crate::server::channels::{Channels, IsLinked, Unlinked};

impl<App: Send + Sync + 'static> Channels<App, Unlinked> {
    /// Connects to the other nodes, and returns when the bus is there:
    ///
    /// ```no_run
    /// # use channel_runtime::{channel, channels};
    /// # #[channel("/chat/:room")] pub struct Chat { room: String }
    /// # #[channel] impl Chat {}
    /// # #[cfg(feature = "nats")]
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// use channel_runtime::Nats;
    ///
    /// let channels = channels![Chat; cluster].over(Nats::at("nats://bus:4222").name("shop")).await?;
    /// channels.app(()).serve("0.0.0.0:3030").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The connection lives in the runtime that calls it. A program that gives the channels no app has their hubs and no clients: a
    /// worker, which is asked nothing. If it ends soon, let it await [`Bus::flushed`] first.
    ///
    /// # Errors
    /// If the bus is not there within [`start_timeout`](crate::Cluster::start_timeout), or the cluster's name or two channels' paths
    /// do not fit.
    pub async fn over(self, backplane: impl Backplane) -> Result<Channels<App>, ClusterError> {
        let shapes = self.shapes();
        let patterns: Vec<_> = shapes.iter().map(|shape| shape.pattern).collect();
        cluster::over(self.node(), &patterns, &fingerprint(shapes), backplane).await?;
        Ok(self.linked_as())
    }
}

impl<App: Send + Sync + 'static, L: IsLinked> Channels<App, L> {
    /// The bus of the cluster. `None` if there is none: without `cluster` in the list, and after `alone()`.
    pub fn bus(&self) -> Option<Bus> {
        cluster::bus(self.node())
    }
}

impl<App: Send + Sync + 'static> Server<App> {
    /// The bus of the cluster, as [`Channels::bus`].
    pub fn bus(&self) -> Option<Bus> {
        cluster::bus(&self.table().node)
    }
}
