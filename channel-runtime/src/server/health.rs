//! How a server is: what is here now, and what has happened since it began.

use std::fmt;
use std::sync::Arc;

use crate::room::registry::Registry;
use crate::server::refused::Refused;
use crate::socket::stats::Stats;

/// How a server and its channels are; from [`Server::health`](crate::Server::health), for a route or a job to keep.
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
/// It is cheap to clone, and keeps no connection and no app alive. Where a tool wants the numbers, the feature `metrics` hands
/// them to the facade of that name: see `record`.
#[derive(Clone)]
pub struct Health {
    registry: Arc<Registry>,
    refused: Arc<Refused>,
}

impl Health {
    pub(crate) fn new(registry: Arc<Registry>, refused: Arc<Refused>) -> Self {
        Self { registry, refused }
    }

    /// Each channel's numbers, in the order of `channels![..]`.
    pub fn channels(&self) -> Vec<Stats> {
        (0..self.registry.channels()).map(|channel| Stats::read(&self.registry, channel)).collect()
    }

    /// How many users are here: of those who have an identity, each once.
    pub fn users(&self) -> usize {
        self.registry.users()
    }

    /// How many requests for a connection were refused, by the HTTP status that they were answered with, or would have been
    /// where they were refused by a close frame. What is none of these statuses counts as 500.
    pub fn refused(&self) -> Vec<(u16, u64)> {
        self.refused.counts().map(|((status, _), count)| (status, count)).collect()
    }

    /// Hands all numbers to the `metrics` facade, with names and labels that are known when the program is compiled. To be
    /// called when they are wanted: by the route that a collector asks, or once in a while. It takes about as long as
    /// [`channels`](Self::channels).
    ///
    /// | name | labels | |
    /// |---|---|---|
    /// | `channels_connections` | `channel` | gauge |
    /// | `channels_rooms` | `channel` | gauge |
    /// | `channels_outbox_bytes` | `channel` | gauge |
    /// | `channels_users` | | gauge |
    /// | `channels_received_total` | `channel`, `type` (or `binary`, `invalid`) | counter |
    /// | `channels_rate_limited_total` | `channel` | counter |
    /// | `channels_sent_total` | `channel` | counter |
    /// | `channels_send_refused_total` | `channel` | counter |
    /// | `channels_faults_total` | `channel`, `code` (or `application`) | counter |
    /// | `channels_ended_total` | `channel`, `by` | counter |
    /// | `channels_handshakes_refused_total` | `status` | counter |
    #[cfg(feature = "metrics")]
    pub fn record(&self) {
        use metrics::{counter, gauge};

        for stats in self.channels() {
            let channel = stats.channel;
            gauge!("channels_connections", "channel" => channel).set(stats.connections as f64);
            gauge!("channels_rooms", "channel" => channel).set(stats.rooms as f64);
            gauge!("channels_outbox_bytes", "channel" => channel).set(stats.outbox_bytes as f64);
            let others = [("binary", stats.received_binary), ("invalid", stats.received_invalid)];
            for (name, count) in stats.received.into_iter().chain(others) {
                counter!("channels_received_total", "channel" => channel, "type" => name).absolute(count);
            }
            counter!("channels_rate_limited_total", "channel" => channel).absolute(stats.rate_limited);
            counter!("channels_sent_total", "channel" => channel).absolute(stats.sent);
            counter!("channels_send_refused_total", "channel" => channel).absolute(stats.send_refused);
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
