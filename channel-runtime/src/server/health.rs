//! A server in numbers: its connections, rooms and users now, and counters since it started.

use std::fmt;
use std::sync::Arc;

use crate::server::readiness::Readiness;
use crate::server::refusal_counters::RefusalCounters;
use crate::socket::node::Node;
use crate::socket::stats::Stats;

/// A server and its channels in numbers, for a route or a job to keep; from [`Server::health`](crate::Server::health).
///
/// ```
/// # use channel_runtime::{channel, channels};
/// # use warp::Filter;
/// # #[channel("/chat/:room")] pub struct Chat { room: String }
/// # #[channel] impl Chat {}
/// let server = channels![Chat].app(());
/// let health = server.health();
/// let status = warp::path("status").map(move || {
///     let lines = health.channels().into_iter().map(|it| format!("{}: {} in {} rooms\n", it.channel, it.connections, it.rooms));
///     lines.collect::<String>()
/// });
/// let server = server.or(status);
/// # drop(server);
/// ```
///
/// It is cheap to clone, and keeps no connection and no app alive. With the feature `metrics`, `record` exports the numbers.
#[derive(Clone)]
pub struct Health {
    pub(super) node: Arc<Node>,
    pub(super) refused: Arc<RefusalCounters>,
    #[cfg_attr(
        not(any(feature = "metrics", feature = "ops")),
        expect(dead_code, reason = "a number for collectors alone")
    )]
    pub(super) readiness: Arc<Readiness>,
}

impl Health {
    pub(crate) fn new(node: &Arc<Node>, refused: &Arc<RefusalCounters>, readiness: &Arc<Readiness>) -> Self {
        Self { node: Arc::clone(node), refused: Arc::clone(refused), readiness: Arc::clone(readiness) }
    }

    /// Each channel's numbers, in the order of `channels![..]`.
    pub fn channels(&self) -> Vec<Stats> {
        (0..self.node.registry.channels()).map(|channel| Stats::read(&self.node, channel)).collect()
    }

    /// How many users have a connection now. Clients without an identity do not count.
    pub fn users(&self) -> usize {
        self.node.registry.users()
    }

    /// How many bytes the histories of all rooms take: see [`history_bytes`](crate::Config::history_bytes).
    pub fn history_bytes(&self) -> usize {
        self.node.registry.history_bytes()
    }

    /// How many handshakes were refused, by HTTP status, or the status that a close frame stood for. Any other counts as 500.
    pub fn refused(&self) -> Vec<(u16, u64)> {
        self.refused.counts().map(|((status, _), count)| (status, count)).collect()
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health").field("channels", &self.channels()).field("users", &self.users()).finish()
    }
}
