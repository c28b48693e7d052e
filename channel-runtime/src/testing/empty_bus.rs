//! A bus without other nodes, for benchmarks of what a cluster costs the one that sends.

use bytes::Bytes;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::channel::Channel;
use crate::cluster::engine::{Boxed, Engine, EngineError, Inbound, Link, Publisher, Subject, Subjects};
use crate::cluster::{self, Cluster};
use crate::socket::hub::Hub;

/// Connects the node of a hub, whose list has the channels with these paths.
///
/// # Panics
/// If it does not connect.
pub async fn join_empty_bus<C: Channel>(hub: &Hub<C>, paths: &[&'static str]) {
    let joined = cluster::over(hub.node(), paths, "", Cluster::of(EmptyBus)).await;
    joined.expect("the bus is there");
}

/// What a node publishes is heard by the node itself alone.
struct EmptyBus;

impl Engine for EmptyBus {
    fn connect<'a>(&'a self, _: &'a Subjects) -> Boxed<'a, Result<Link, EngineError>> {
        let (publisher, inbound) = unbounded_channel();
        let link = Link { publisher: Box::new(Wire(publisher)), inbound: Box::new(inbound), longest: 1 << 20 };
        Box::pin(async { Ok(link) })
    }
}

/// Bounded by the lane, which waits for its own echo.
struct Wire(UnboundedSender<Bytes>);

impl Publisher for Wire {
    fn publish<'a>(&'a mut self, _: Subject<'a>, parcel: Bytes) -> Boxed<'a, Result<(), EngineError>> {
        let sent = self.0.send(parcel).map_err(EngineError::new);
        Box::pin(async { sent })
    }
}

impl Inbound for UnboundedReceiver<Bytes> {
    fn next(&mut self) -> Boxed<'_, Result<Bytes, EngineError>> {
        Box::pin(async { self.recv().await.ok_or_else(|| EngineError::new("the bus is no more")) })
    }
}
