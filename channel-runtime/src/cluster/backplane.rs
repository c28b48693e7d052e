//! How channels get onto a bus.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{sleep, timeout};

use super::bus::Bus;
use super::counters::BusState;
use super::engine::{Engine, EngineError, Subjects};
use super::lane::{GOODBYE_TIMEOUT, Lane};
use super::relay::Relay;
use super::settings::{Cluster, Settings};
use super::stamps::Stamps;
use super::wire::channel_hash;
use crate::connection::in_flight::Activity;
use crate::socket::node::Node;

/// After this the node knows who else is there.
const GREETINGS: Duration = Duration::from_millis(100);

/// What connects the nodes of a cluster: [`Nats`](crate::Nats) or [`Redis`](crate::Redis).
pub trait Backplane: sealed::Sealed {
    #[doc(hidden)]
    fn into_parts(self) -> Parts;
}

/// A cluster, its engine's type forgotten.
#[doc(hidden)]
pub struct Parts {
    engine: Box<dyn Engine>,
    settings: Settings,
}

impl<E: Engine> Backplane for Cluster<E> {
    fn into_parts(self) -> Parts {
        let Self { engine, settings } = self;
        Parts { engine: Box::new(engine), settings }
    }
}

mod sealed {
    pub trait Sealed {}
    impl<E> Sealed for crate::cluster::settings::Cluster<E> {}
}

/// Connects a node, whose channels have these patterns, and returns when the bus is there.
pub(crate) async fn over(
    node: &Arc<Node>,
    patterns: &[&'static str],
    fingerprint: &str,
    backplane: impl Backplane,
) -> Result<(), ClusterError> {
    let Parts { engine, settings } = backplane.into_parts();
    engine.check().await.map_err(|problem| ClusterError::Settings(problem.into_inner()))?;
    let channels = hashes(patterns)?;
    let name = settings.name.clone();
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if name.is_empty() || !name.bytes().all(is_allowed) {
        return Err(ClusterError::Name(name));
    }
    let within = settings.start_timeout;
    let stamps = Stamps::new(engine.random(), engine.clock());
    let relay = Relay::new(stamps, settings, channels, fingerprint.into());
    // If this is cancelled, the lane ends with it.
    let outlet = relay.outlet();
    let subjects = Subjects { name, node: relay.id.to_string() };
    let problem = Arc::new(Mutex::new(None));
    let lane = Lane {
        relay: Arc::clone(&relay),
        node: Arc::downgrade(node),
        engine,
        subjects,
        problem: Arc::clone(&problem),
        unfinished: Mutex::default(),
    };
    let mut state = relay.bus.state.subscribe();
    tokio::spawn(lane.run());
    if timeout(within, state.wait_for(|state| *state == BusState::Up)).await.is_err() {
        return Err(ClusterError::NoBus(problem.lock().take().map(EngineError::into_inner)));
    }
    relay.open(node, outlet);
    // The others say hello as soon as they hear of this node.
    sleep(GREETINGS).await;
    Ok(())
}

/// The node has got its app, and is asked from now on.
pub(crate) fn begin_to_serve(node: &Node) {
    if let Some(relay) = Relay::of(node) {
        relay.begin_to_serve();
        // So that the others ask it from now on, and not a second later.
        relay.say_hello(node);
    }
}

/// What waits for the bus is work that a test waits for.
pub(crate) fn count(node: &Node, activity: &Activity) {
    if let Some(relay) = Relay::of(node) {
        relay.queue.count(activity);
    }
}

/// The node serves nobody any more. Returns when the bus has taken all that it has said, or after a second.
pub(crate) async fn leave(node: &Node) {
    if let Some(relay) = Relay::of(node) {
        relay.say_goodbye();
        // The others notice by its silence.
        let _ = timeout(GOODBYE_TIMEOUT, relay.flushed()).await;
        relay.end();
    }
}

/// How many other nodes serve clients, and go on.
pub(crate) fn other_nodes(node: &Node) -> Option<usize> {
    Relay::of(node).map(|relay| relay.others())
}

pub(crate) fn bus(node: &Node) -> Option<Bus> {
    Relay::of(node).map(Bus::new)
}

fn hashes(patterns: &[&'static str]) -> Result<Vec<u32>, ClusterError> {
    let mut by_hash = HashMap::new();
    let mut hashes = Vec::with_capacity(patterns.len());
    for pattern in patterns {
        let hash = channel_hash(pattern);
        if let Some(other) = by_hash.insert(hash, *pattern) {
            return Err(ClusterError::Clash(other, pattern));
        }
        hashes.push(hash);
    }
    Ok(hashes)
}

/// Why a node is not in a cluster.
#[derive(Debug)]
#[non_exhaustive]
pub enum ClusterError {
    /// The [name](Cluster::name) has other characters than letters, digits, `-` and `_`.
    Name(String),
    /// The addresses, a login or a file of the engine are wrong, whatever the bus.
    Settings(Box<dyn Error + Send + Sync>),
    /// The hashes of these two paths are equal, by which nodes name channels: another parameter's name in one of them helps.
    Clash(&'static str, &'static str),
    /// The bus was not there within [`start_timeout`](Cluster::start_timeout), for this reason.
    NoBus(Option<Box<dyn Error + Send + Sync>>),
}

impl fmt::Display for ClusterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => {
                write!(f, "`{}` is no name of a cluster: letters, digits, `-` and `_` are allowed", name.escape_debug())
            }
            Self::Clash(one, other) => {
                write!(f, "`{one}` and `{other}` have the same hash: name a parameter in one of them otherwise")
            }
            Self::Settings(problem) => write!(f, "the settings of the bus are wrong: {problem}"),
            Self::NoBus(Some(problem)) => write!(f, "the bus is not there: {problem}"),
            Self::NoBus(None) => f.write_str("the bus is not there"),
        }
    }
}

impl Error for ClusterError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NoBus(Some(problem)) | Self::Settings(problem) => Some(&**problem),
            _ => None,
        }
    }
}
