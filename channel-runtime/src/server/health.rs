//! A server in numbers: its connections, rooms and users now, and counters since it started.

use std::fmt;
use std::sync::Arc;

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
    node: Arc<Node>,
    refused: Arc<RefusalCounters>,
}

impl Health {
    pub(crate) fn new(node: Arc<Node>, refused: Arc<RefusalCounters>) -> Self {
        Self { node, refused }
    }

    /// Each channel's numbers, in the order of `channels![..]`.
    pub fn channels(&self) -> Vec<Stats> {
        (0..self.node.registry.channels()).map(|channel| Stats::read(&self.node, channel)).collect()
    }

    /// How many users have a connection now. Clients without an identity do not count.
    pub fn users(&self) -> usize {
        self.node.registry.users()
    }

    /// How many handshakes were refused, by HTTP status, or the status that a close frame stood for. Any other counts as 500.
    pub fn refused(&self) -> Vec<(u16, u64)> {
        self.refused.counts().map(|((status, _), count)| (status, count)).collect()
    }

    /// Hands all numbers to the `metrics` facade, with names and labels that are known at compile time. Call it in the route that a
    /// collector asks, or from time to time. It takes about as long as [`channels`](Self::channels).
    ///
    /// | name | labels | |
    /// |---|---|---|
    /// | `channels_connections` | `channel` | gauge |
    /// | `channels_outdated` | `channel`, `client` (`compatible`, `breaks` or `unknown`) | gauge |
    /// | `channels_rooms` | `channel` | gauge |
    /// | `channels_outbox_bytes` | `channel` | gauge |
    /// | `channels_users` | | gauge |
    /// | `channels_received_total` | `channel`, `type` (or `text`, `binary`, `invalid`) | counter |
    /// | `channels_rate_limited_total` | `channel` | counter |
    /// | `channels_sent_total` | `channel` | counter |
    /// | `channels_send_refused_total` | `channel` | counter |
    /// | `channels_unwritten_total` | `channel` | counter |
    /// | `channels_unmatched_answers_total` | `channel` | counter |
    /// | `channels_faults_total` | `channel`, `code` (or `application`) | counter |
    /// | `channels_ended_total` | `channel`, `by` | counter |
    /// | `channels_handshakes_refused_total` | `status` | counter |
    #[cfg(feature = "metrics")]
    pub fn record(&self) {
        use metrics::{counter, gauge};

        for stats in self.channels() {
            let channel = stats.channel;
            gauge!("channels_connections", "channel" => channel).set(stats.connections as f64);
            for (client, count) in stats.outdated {
                gauge!("channels_outdated", "channel" => channel, "client" => client.name()).set(count as f64);
            }
            gauge!("channels_rooms", "channel" => channel).set(stats.rooms as f64);
            gauge!("channels_outbox_bytes", "channel" => channel).set(stats.outbox_bytes as f64);
            let others = [("binary", stats.received_binary), ("invalid", stats.received_invalid)];
            // Only where there are any: elsewhere it may be the name of a message.
            let raw = (stats.received_text > 0).then_some(("text", stats.received_text));
            for (name, count) in stats.received.into_iter().chain(raw).chain(others) {
                counter!("channels_received_total", "channel" => channel, "type" => name).absolute(count);
            }
            counter!("channels_rate_limited_total", "channel" => channel).absolute(stats.rate_limited);
            counter!("channels_sent_total", "channel" => channel).absolute(stats.sent);
            counter!("channels_send_refused_total", "channel" => channel).absolute(stats.send_refused);
            counter!("channels_unwritten_total", "channel" => channel).absolute(stats.unwritten);
            counter!("channels_unmatched_answers_total", "channel" => channel).absolute(stats.unmatched_answers);
            for (code, count) in stats.faults {
                counter!("channels_faults_total", "channel" => channel, "code" => code).absolute(count);
            }
            for (by, count) in stats.ended {
                counter!("channels_ended_total", "channel" => channel, "by" => by.name()).absolute(count);
            }
        }
        gauge!("channels_users").set(self.users() as f64);
        for ((_, status), count) in self.refused.counts() {
            counter!("channels_handshakes_refused_total", "status" => status).absolute(count);
        }
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health").field("channels", &self.channels()).field("users", &self.users()).finish()
    }
}
