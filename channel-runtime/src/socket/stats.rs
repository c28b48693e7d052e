//! One channel in numbers: a snapshot of its counters, and of what is here now.

use crate::room::registry::Registry;
use crate::wire::close::ClosedBy;

/// One channel in numbers: from [`Hub::stats`](crate::Hub::stats) or [`Health::channels`](crate::Health::channels).
///
/// What is here now, and what has happened since the server began. The numbers are read one after the other while all goes on,
/// so that they need not fit each other to the last one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// The channel's name, its struct's.
    pub channel: &'static str,
    /// Connections that are here.
    pub connections: usize,
    /// Rooms with members: of the path, and of declared kinds; and those of a path that stay open without.
    pub rooms: usize,
    /// Bytes that wait for clients, in all outboxes together.
    pub outbox_bytes: usize,
    /// Messages that came, by type, in the order of the handlers.
    pub received: Vec<(&'static str, u64)>,
    /// Binary messages that came.
    pub received_binary: u64,
    /// Text messages that came and were none of the channel's: not JSON, of an unknown type, with fields that do not fit.
    pub received_invalid: u64,
    /// Text messages that came faster than they may, and were not handled.
    pub rate_limited: u64,
    /// Messages, answers and errors that were sent, each as often as there were clients to take it.
    pub sent: u64,
    /// Those that a client did not take, because it was closing or its outbox was full; and notices that were refused.
    pub send_refused: u64,
    /// Errors that clients were told, by the framework's codes; all codes of the application's own count as `application`.
    pub faults: Vec<(&'static str, u64)>,
    /// How connections have ended.
    pub ended: Vec<(ClosedBy, u64)>,
}

impl Stats {
    pub(crate) fn read(registry: &Registry, channel: usize) -> Self {
        let counters = registry.counters(channel);
        Self {
            channel: counters.channel,
            connections: registry.all(channel).len(),
            rooms: registry.rooms(channel),
            outbox_bytes: registry.all(channel).outbox_bytes(),
            received: counters.received().collect(),
            received_binary: counters.binary.get(),
            received_invalid: counters.invalid.get(),
            rate_limited: counters.rate_limited.get(),
            sent: counters.sent.get(),
            send_refused: counters.refused.get(),
            faults: counters.faults().collect(),
            ended: ClosedBy::ALL.into_iter().map(|by| (by, counters.ended(by))).collect(),
        }
    }
}
