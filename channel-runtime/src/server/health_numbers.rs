//! The numbers of a server and its channels, for collectors.

use crate::server::health::Health;
#[cfg(feature = "metrics")]
use crate::server::numbers::Facade;
use crate::server::numbers::{Collector, Family};
use crate::socket::stats::Stats;

#[cfg(feature = "metrics")]
impl Health {
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
    /// | `channels_history_bytes` | | gauge |
    /// | `channels_received_total` | `channel`, `type` (or `text`, `binary`, `invalid`) | counter |
    /// | `channels_rate_limited_total` | `channel` | counter |
    /// | `channels_sent_total` | `channel` | counter |
    /// | `channels_send_refused_total` | `channel` | counter |
    /// | `channels_dropped_total` | `channel`, `type` | counter |
    /// | `channels_replaced_total` | `channel`, `type` | counter |
    /// | `channels_unwritten_total` | `channel` | counter |
    /// | `channels_unmatched_answers_total` | `channel` | counter |
    /// | `channels_said_again_total` | `channel` | counter |
    /// | `channels_faults_total` | `channel`, `code` (or `application`) | counter |
    /// | `channels_ended_total` | `channel`, `by` | counter |
    /// | `channels_replies_forgotten_total` | | counter |
    /// | `channels_handshakes_refused_total` | `status` | counter |
    /// | `channels_accepting` | | gauge: 1 while new clients are to be sent here |
    /// | `channels_draining` | | gauge: 1 once the server stops |
    ///
    /// In a cluster, also `channels_nodes`, and of the bus `channels_bus_up`, `channels_bus_echo_seconds`, `channels_bus_queue_bytes`
    /// (gauges), `channels_bus_sent_total`, `channels_bus_received_total`, `channels_bus_parcels_total`, `channels_bus_bytes_total`,
    /// `channels_bus_refused_total` (`why`), `channels_bus_lost_total`, `channels_bus_duplicates_total`,
    /// `channels_bus_foreign_total`, `channels_bus_disconnects_total`, `channels_queries_incomplete_total` (counters).
    pub fn record(&self) {
        collect(self, &mut Facade::new());
    }
}

pub(super) fn collect(health: &Health, to: &mut impl Collector) {
    let all = health.channels();
    let mut each = |family: Family, read: &dyn Fn(&Stats) -> u64| {
        to.begin(family);
        for stats in &all {
            to.add(&[("channel", stats.channel)], read(stats));
        }
    };
    each(CONNECTIONS, &|stats| stats.connections as u64);
    each(ROOMS, &|stats| stats.rooms as u64);
    each(OUTBOX_BYTES, &|stats| stats.outbox_bytes as u64);
    each(RATE_LIMITED, &|stats| stats.rate_limited);
    each(SENT, &|stats| stats.sent);
    each(SEND_REFUSED, &|stats| stats.send_refused);
    each(UNWRITTEN, &|stats| stats.unwritten);
    each(UNMATCHED_ANSWERS, &|stats| stats.unmatched_answers);
    each(SAID_AGAIN, &|stats| stats.said_again);
    to.begin(OUTDATED);
    for stats in &all {
        for (client, count) in &stats.outdated {
            to.add(&[("channel", stats.channel), ("client", client.name())], *count);
        }
    }
    to.begin(RECEIVED);
    for stats in &all {
        let others = [("binary", stats.received_binary), ("invalid", stats.received_invalid)];
        // Only where there are any: elsewhere it may be the name of a message.
        let raw = (stats.received_text > 0).then_some(("text", stats.received_text));
        for (name, count) in stats.received.iter().copied().chain(raw).chain(others) {
            to.add(&[("channel", stats.channel), ("type", name)], count);
        }
    }
    to.begin(DROPPED);
    for stats in &all {
        for (name, count) in &stats.dropped {
            to.add(&[("channel", stats.channel), ("type", name)], *count);
        }
    }
    to.begin(REPLACED);
    for stats in &all {
        for (name, count) in &stats.replaced {
            to.add(&[("channel", stats.channel), ("type", name)], *count);
        }
    }
    to.begin(FAULTS);
    for stats in &all {
        for (code, count) in &stats.faults {
            to.add(&[("channel", stats.channel), ("code", code)], *count);
        }
    }
    to.begin(ENDED);
    for stats in &all {
        for (by, count) in &stats.ended {
            to.add(&[("channel", stats.channel), ("by", by.name())], *count);
        }
    }
    to.only(USERS, health.users() as u64);
    to.only(HISTORY_BYTES, health.history_bytes() as u64);
    to.only(REPLIES_FORGOTTEN, health.node.replies.forgotten.get());
    to.begin(HANDSHAKES_REFUSED);
    for ((_, status), count) in health.refused.counts() {
        to.add(&[("status", status)], count);
    }
    to.only(ACCEPTING, health.readiness.check().is_ok().into());
    to.only(DRAINING, health.node.shutdown.has_left().into());
    #[cfg(feature = "cluster")]
    if let Some(bus) = crate::cluster::bus(&health.node) {
        crate::server::bus_numbers::collect(&bus, to);
    }
}

const CONNECTIONS: Family = Family::gauge("channels_connections", "Connections now.");
const ROOMS: Family = Family::gauge("channels_rooms", "Rooms now.");
const OUTBOX_BYTES: Family = Family::gauge("channels_outbox_bytes", "Bytes that wait for clients now.");
const RATE_LIMITED: Family = Family::counter("channels_rate_limited_total", "Frames over a rate, not handled.");
const SENT: Family = Family::counter("channels_sent_total", "Messages, once for each recipient.");
const SEND_REFUSED: Family =
    Family::counter("channels_send_refused_total", "Messages that do not wait for a recipient.");
const DROPPED: Family =
    Family::counter("channels_dropped_total", "Volatile messages that a client was not sent, because it was behind.");
const REPLACED: Family = Family::counter(
    "channels_replaced_total",
    "Values that a client was not sent, because it was behind until the next.",
);
const UNWRITTEN: Family = Family::counter(
    "channels_unwritten_total",
    "Messages that the envelope has no place for, and questions to clients that take none.",
);
const UNMATCHED_ANSWERS: Family =
    Family::counter("channels_unmatched_answers_total", "Clients' answers to no open question.");
const SAID_AGAIN: Family =
    Family::counter("channels_said_again_total", "Messages that were said before and were not handled again.");
const OUTDATED: Family =
    Family::gauge("channels_outdated", "Connections of clients that were made for another version of the wire.");
const RECEIVED: Family = Family::counter("channels_received_total", "Messages from clients.");
const FAULTS: Family = Family::counter("channels_faults_total", "Errors sent to clients.");
const ENDED: Family = Family::counter("channels_ended_total", "Connections that have ended, by whom or what.");
const HISTORY_BYTES: Family =
    Family::gauge("channels_history_bytes", "Bytes of the messages that are kept for clients that come back.");
const USERS: Family = Family::gauge("channels_users", "Users with a connection now.");
const REPLIES_FORGOTTEN: Family = Family::counter(
    "channels_replies_forgotten_total",
    "Answers to idempotent messages, and messages, that were forgotten early, because all together took too much.",
);
const HANDSHAKES_REFUSED: Family =
    Family::counter("channels_handshakes_refused_total", "Handshakes that were refused, by HTTP status.");
const ACCEPTING: Family = Family::gauge("channels_accepting", "Whether new clients are to be sent here.");
const DRAINING: Family = Family::gauge("channels_draining", "Whether the server is stopping.");
