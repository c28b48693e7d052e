//! Nodes of one app in this process, over any bus, for tests that are the same for each.

use std::sync::{Arc, Mutex};

use channel_runtime::testing::{self, Client, TestApp, TestCluster};
use channel_runtime::{BusState, Nats, Redis};

use crate::clustered::buses;
use crate::clustered::channels::{App, Hall, Node, id, list, server};

pub struct Nodes {
    over: Over,
    nodes: Vec<Node>,
}

#[expect(clippy::large_enum_variant, reason = "one a test")]
enum Over {
    Simulated(TestCluster<App>),
    Real { apps: Vec<TestApp<App>>, server: buses::Bus },
}

impl Nodes {
    pub async fn simulated(count: usize) -> Self {
        Self::simulated_with(count, |bus| bus).await
    }

    pub async fn simulated_with(count: usize, settings: impl Fn(Settings) -> Settings + Send + Sync + 'static) -> Self {
        let nodes = Arc::<Mutex<Vec<Node>>>::default();
        let made = nodes.clone();
        let make = move |channels| {
            let (server, node) = server(channels);
            made.lock().unwrap().push(node);
            server
        };
        let cluster = testing::cluster_with(count, list, make).settings(settings).await;
        let nodes = std::mem::take(&mut *nodes.lock().unwrap());
        Self { over: Over::Simulated(cluster), nodes }
    }

    pub async fn nats(count: usize) -> Self {
        Self::real(count, buses::Bus::nats().await).await
    }

    pub async fn redis(count: usize) -> Self {
        Self::real(count, buses::Bus::redis().await).await
    }

    async fn real(count: usize, bus: buses::Bus) -> Self {
        let (mut apps, mut nodes) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let channels = match bus.kind() {
                buses::Kind::Nats => list().over(Nats::at(bus.url())).await,
                buses::Kind::Redis => list().over(Redis::at(bus.url())).await,
            };
            let (server, node) = server(channels.unwrap());
            apps.push(testing::app(server));
            nodes.push(node);
        }
        let nodes = Self { over: Over::Real { apps, server: bus }, nodes };
        nodes.all_known().await;
        nodes
    }

    async fn all_known(&self) {
        for node in &self.nodes {
            let mut bus = node.bus.clone();
            while bus.nodes().iter().filter(|other| !other.worker).count() + 1 < self.nodes.len() {
                bus.changed().await;
            }
        }
    }

    pub fn app(&self, node: usize) -> &TestApp<App> {
        match &self.over {
            Over::Simulated(cluster) => &cluster[node],
            Over::Real { apps, .. } => &apps[node],
        }
    }

    /// A client that has heard who it is.
    pub async fn hall(&self, node: usize, path: &str) -> Client<Hall> {
        let mut client = self.app(node).connect::<Hall>(path).await.unwrap();
        id(&mut client).await;
        client
    }

    /// Waits until all that was sent on any node has been delivered on all, and what that caused too, once.
    pub async fn settle(&self) {
        let Over::Real { apps, .. } = &self.over else {
            let Over::Simulated(cluster) = &self.over else { unreachable!() };
            return cluster.settle().await;
        };
        for _ in 0..2 {
            for app in apps {
                app.settle().await;
            }
            // A node answers a question after all that its asker has sent before.
            for node in &self.nodes {
                assert!(node.halls.all().everywhere().len().await.is_complete());
            }
        }
        for app in apps {
            app.settle().await;
        }
    }

    /// Returns when every node has noticed and is back.
    pub async fn restart_bus(&mut self) {
        let before: Vec<_> = self.nodes.iter().map(|node| node.bus.stats().disconnects).collect();
        match &mut self.over {
            Over::Simulated(cluster) => cluster.bus().restart(),
            Over::Real { server, .. } => {
                server.stop().await;
                server.start_again().await;
            }
        }
        for (node, before) in self.nodes.iter().zip(before) {
            let mut bus = node.bus.clone();
            while bus.stats().disconnects == before || bus.state() != BusState::Up {
                bus.changed().await;
            }
        }
    }
}

impl std::ops::Index<usize> for Nodes {
    type Output = Node;

    fn index(&self, index: usize) -> &Node {
        &self.nodes[index]
    }
}

pub type Settings = channel_runtime::Cluster<channel_runtime::testing::SimulatedEngine>;
