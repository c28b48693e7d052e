//! A snapshot of one channel's numbers.

use crate::protocol::lock::Compatibility;
use crate::socket::node::Node;
use crate::wire::close::ClosedBy;

/// One channel in numbers: from [`Hub::stats`](crate::Hub::stats) or [`Health::channels`](crate::Health::channels).
///
/// Some are of this moment, the others count since the server started. They are read one by one, not at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// The channel's name, its struct's.
    pub channel: &'static str,
    /// Connections now.
    pub connections: usize,
    /// Connections now whose clients were made for another wire than the channel's, by what is known of them. Only clients that say
    /// for which wire they were made count, as generated ones do.
    pub outdated: Vec<(Compatibility, u64)>,
    /// Rooms with members, of the path and of declared kinds, and rooms of the path that are kept open without.
    pub rooms: usize,
    /// Bytes that wait for clients, in all outboxes together.
    pub outbox_bytes: usize,
    /// Messages received, by type, in the order of the handlers.
    pub received: Vec<(&'static str, u64)>,
    /// Raw texts received, by `on_text`.
    pub received_text: u64,
    /// Binary messages received that are of no type of the channel's own.
    pub received_binary: u64,
    /// Messages that are none of the channel's: not JSON, of an unknown type, or with content that does not fit.
    pub received_invalid: u64,
    /// Messages that exceeded a rate and were not handled.
    pub rate_limited: u64,
    /// Messages, answers and errors sent, each once for every client that it was sent to. A value that is
    /// [latest](crate::Delivery::Latest) counts for each client that it is meant for, also if it is replaced before.
    pub sent: u64,
    /// Sends that were refused because the client was closing or its outbox was full, and refused notices.
    pub send_refused: u64,
    /// By type, how many times a client was not sent a [volatile](crate::Delivery::Volatile) message, because it was behind.
    pub dropped: Vec<(&'static str, u64)>,
    /// By type, how many times a client was not sent a value of a [latest](crate::Delivery::Latest) message, because it was behind until
    /// the next one of the same key. What is replaced while it waits for its time counts for nobody. At most so many
    /// times, as [`Sent::replaced`](crate::Sent::replaced) says.
    pub replaced: Vec<(&'static str, u64)>,
    /// Messages, answers and errors that were not sent, because the channel's [`Envelope`](crate::Envelope) has no place for them; and
    /// questions that were not, because it has none or the client did not offer it.
    pub unwritten: u64,
    /// Answers of clients to no open question of the server: received too late, given twice, or to none that was asked. They are
    /// dropped.
    pub unmatched_answers: u64,
    /// Messages received that were said before and were not handled again, because their handler is `idempotent`. They count as
    /// received, too.
    pub said_again: u64,
    /// Errors sent, or logged in a channel with `on_text`, by the framework's codes. All codes of the application's own count as `application`.
    pub faults: Vec<(&'static str, u64)>,
    /// How connections ended.
    pub ended: Vec<(ClosedBy, u64)>,
}

impl Stats {
    pub(crate) fn read(node: &Node, channel: usize) -> Self {
        let (registry, counters) = (&node.registry, node.counters(channel));
        Self {
            channel: counters.channel,
            connections: registry.all(channel).len(),
            outdated: Compatibility::ALL.map(|client| (client, counters.outdated(client).get())).into(),
            rooms: registry.rooms(channel),
            outbox_bytes: registry.all(channel).outbox_bytes(),
            received: counters.received().collect(),
            received_text: counters.text.get(),
            received_binary: counters.binary.get(),
            received_invalid: counters.invalid.get(),
            rate_limited: counters.rate_limited.get(),
            sent: counters.sent.get(),
            send_refused: counters.refused.get(),
            dropped: counters.drops.dropped().collect(),
            replaced: counters.drops.replaced().collect(),
            unwritten: counters.unwritten.get(),
            unmatched_answers: counters.unmatched_answers.get(),
            said_again: counters.said_again.get(),
            faults: counters.faults().collect(),
            ended: ClosedBy::ALL.into_iter().map(|by| (by, counters.ended(by))).collect(),
        }
    }
}
