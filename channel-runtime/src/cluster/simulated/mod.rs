//! The bus of a test: in the process, on tokio's clock, and as good or bad as the test says.
//!
//! What happens by chance happens by a seed. What one node publishes is heard in order by each, as on a real bus, and what several
//! publish at the same time may be heard in another order by each.

mod chance;
mod lie;
mod link;
#[cfg(test)]
mod tests;
mod wires;

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use self::chance::Chance;
pub use self::lie::Lie;
use self::link::Network;
pub use self::link::SimulatedEngine;
use self::wires::{Cuts, Wires};
use crate::connection::in_flight::Activity;

/// The bus between the nodes of a test, from [`TestCluster::bus`](crate::testing::TestCluster::bus). It begins without delay, in
/// order, and whole.
#[derive(Clone)]
pub struct SimulatedBus {
    network: Arc<Network>,
}

impl SimulatedBus {
    pub(crate) fn new(nodes: usize, activity: Activity) -> Self {
        let wires = Mutex::new(Wires::new(nodes, activity));
        Self { network: Arc::new(Network { wires, begun: Instant::now(), changed: Notify::new() }) }
    }

    pub(crate) fn engine(&self, node: usize) -> SimulatedEngine {
        SimulatedEngine { network: Arc::clone(&self.network), node }
    }

    /// Returns the number of one more node.
    pub(crate) fn add_node(&self) -> usize {
        self.network.wires.lock().add_node()
    }

    /// What happens by chance from now on: the same for the same seed. Default: 0.
    pub fn seed(&self, seed: u64) {
        self.network.wires.lock().chance = Chance::new(seed);
    }

    /// How long a message is under way from one node to another: by chance between these. Default: no time at all. tokio's clock
    /// wakes a sleeper at whole milliseconds.
    pub fn delay(&self, delay: RangeInclusive<Duration>) {
        self.network.wires.lock().delay = delay;
    }

    /// From now on the clock of a node is ahead of the others' by so much: of two values that are
    /// [latest](crate::Delivery::Latest), sent on two nodes, the one with the later time is the newer one. Default: zero.
    pub fn clock_ahead(&self, node: usize, by: Duration) {
        self.network.wires.lock().ahead.insert(node, by);
    }

    /// One in so many parcels is heard twice, by chance. Default: 0, for none.
    pub fn duplicates(&self, one_in: u32) {
        self.network.wires.lock().duplicates = one_in;
    }

    /// The longest parcel that the bus takes, in bytes, for nodes that connect from now on. Default: 1 MiB.
    pub fn longest(&self, bytes: usize) {
        self.network.wires.lock().longest = bytes;
    }

    /// Whether the wire between a node and the bus is whole, both ways.
    pub(crate) fn is_whole(&self, node: usize) -> bool {
        let Cuts { to_bus, from_bus } = self.network.wires.lock().cuts(node);
        !to_bus && !from_bus
    }

    /// Cuts the wire between a node and the bus, both ways. Nobody is told: what is under way waits until the wire
    /// [heals](Self::heal), or is lost if the node gives its connection up.
    ///
    /// # Panics
    /// If there is no such node.
    #[track_caller]
    pub fn cut(&self, node: usize) {
        self.set(node, |_| Cuts { to_bus: true, from_bus: true });
    }

    /// From now on the bus does not hear the node.
    ///
    /// # Panics
    /// If there is no such node.
    #[track_caller]
    pub fn cut_to_bus(&self, node: usize) {
        self.set(node, |cuts| Cuts { to_bus: true, ..cuts });
    }

    /// From now on the node does not hear the bus.
    ///
    /// # Panics
    /// If there is no such node.
    #[track_caller]
    pub fn cut_from_bus(&self, node: usize) {
        self.set(node, |cuts| Cuts { from_bus: true, ..cuts });
    }

    /// The wire between a node and the bus is whole again, both ways.
    ///
    /// # Panics
    /// If there is no such node.
    #[track_caller]
    pub fn heal(&self, node: usize) {
        self.set(node, |_| Cuts::default());
    }

    #[track_caller]
    fn set(&self, node: usize, to: impl FnOnce(Cuts) -> Cuts) {
        {
            let mut wires = self.network.wires.lock();
            let nodes = wires.nodes();
            assert!(node < nodes, "there is no node {node}: the cluster has {nodes}");
            let cuts = to(wires.cuts(node));
            wires.set_cuts(node, cuts);
        }
        self.network.changed.notify_waiters();
    }

    /// Stops the bus: all connections end, and what is under way is lost, all or a part of it. Until it [starts](Self::start) again
    /// no node can connect.
    pub fn stop(&self) {
        {
            let mut wires = self.network.wires.lock();
            wires.is_down = true;
            wires.end_all();
        }
        self.network.changed.notify_waiters();
    }

    /// Starts the bus that was [stopped](Self::stop).
    pub fn start(&self) {
        self.network.wires.lock().is_down = false;
        self.network.changed.notify_waiters();
    }

    /// Stops the bus and starts it again at once.
    pub fn restart(&self) {
        self.stop();
        self.start();
    }

    /// From now on the bus lies as no bus does, so that a check can be seen to fail.
    #[doc(hidden)]
    pub fn lie(&self, lie: Lie) {
        self.network.wires.lock().lie = Some(lie);
    }
}

impl fmt::Debug for SimulatedBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimulatedBus").finish_non_exhaustive()
    }
}
