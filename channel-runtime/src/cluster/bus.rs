//! The bus as the app sees it.

use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;

use super::counters::{BusState, BusStats};
use super::node_id::NodeId;
use super::nodes::NodeView;
use super::relay::Relay;

/// The bus of a cluster: to watch, and in numbers. From [`Channels::bus`](crate::Channels::bus).
///
/// A message to clients of other nodes can be lost while a bus is not [`Up`](BusState::Up), or if a node is overrun. Each loss is
/// counted by who misses it, within two seconds of the next sign of the sender.
#[derive(Clone)]
pub struct Bus {
    relay: Arc<Relay>,
    state: watch::Receiver<BusState>,
}

impl Bus {
    pub(super) fn new(relay: &Arc<Relay>) -> Self {
        Self { relay: Arc::clone(relay), state: relay.bus.state.subscribe() }
    }

    /// Whether the bus is there.
    pub fn state(&self) -> BusState {
        *self.state.borrow()
    }

    /// Waits until the [state](Self::state) changes, more was [lost](Self::lost), or the number of other
    /// [nodes](Self::nodes), or of those that serve clients, changes. Changes since the last call count, too.
    pub async fn changed(&mut self) {
        // The sender lives as long as the relay, which this holds.
        let _ = self.state.changed().await;
    }

    /// How the other nodes name this one.
    pub fn node(&self) -> NodeId {
        self.relay.id
    }

    /// How many messages of other nodes this node has missed since it started.
    pub fn lost(&self) -> u64 {
        self.relay.bus.lost.get()
    }

    /// The other nodes that are heard, those that serve no clients among them.
    pub fn nodes(&self) -> Vec<NodeView> {
        self.relay.nodes.views()
    }

    /// In numbers, since the process started.
    pub fn stats(&self) -> BusStats {
        self.relay.bus.read(self.relay.queue.bytes())
    }

    /// Whether the node has said goodbye.
    pub(crate) fn has_left(&self) -> bool {
        self.relay.has_left()
    }

    /// Waits until the bus has taken all that was sent before: for a program that ends soon. While the bus is away, it waits; after the
    /// node's end it does not.
    pub async fn flushed(&self) {
        self.relay.flushed().await;
    }
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bus").field("state", &self.state()).field("lost", &self.lost()).finish_non_exhaustive()
    }
}
