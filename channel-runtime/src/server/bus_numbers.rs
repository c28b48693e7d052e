//! The numbers of a cluster's bus, for collectors.

use crate::cluster::{Bus, BusState};
use crate::server::numbers::{Collector, Family};

const NODES: Family = Family::gauge("channels_nodes", "Nodes of the cluster that are heard, this one among them.");
const UP: Family = Family::gauge("channels_bus_up", "Whether this node and the bus hear each other.");
const ECHO: Family =
    Family::gauge("channels_bus_echo_seconds", "How long this node's latest parcel took to come back from the bus.");
const QUEUE_BYTES: Family = Family::gauge("channels_bus_queue_bytes", "Bytes that wait for the bus now.");
const SENT: Family = Family::counter("channels_bus_sent_total", "Messages to other nodes.");
const RECEIVED: Family = Family::counter("channels_bus_received_total", "Messages of other nodes.");
const PARCELS: Family = Family::counter("channels_bus_parcels_total", "Parcels of messages to other nodes.");
const BYTES: Family = Family::counter("channels_bus_bytes_total", "Bytes of these parcels.");
const REFUSED: Family = Family::counter("channels_bus_refused_total", "Messages that other nodes do not get, and why.");
const LOST: Family = Family::counter("channels_bus_lost_total", "Messages of other nodes that this one has missed.");
const DUPLICATES: Family =
    Family::counter("channels_bus_duplicates_total", "Messages of other nodes that came twice, and were dropped.");
const FOREIGN: Family =
    Family::counter("channels_bus_foreign_total", "Messages on the bus that this node does not know.");
const DISCONNECTS: Family = Family::counter("channels_bus_disconnects_total", "How often the bus was lost.");
const INCOMPLETE: Family =
    Family::counter("channels_queries_incomplete_total", "Questions to all nodes that some have not answered.");

pub(super) fn collect(bus: &Bus, to: &mut impl Collector) {
    let stats = bus.stats();
    to.only(NODES, bus.nodes().len() as u64 + 1);
    to.only(UP, (bus.state() == BusState::Up).into());
    to.only_fraction(ECHO, stats.echo.as_secs_f64());
    to.only(QUEUE_BYTES, stats.queue_bytes as u64);
    to.only(SENT, stats.sent);
    to.only(RECEIVED, stats.received);
    to.only(PARCELS, stats.parcels);
    to.only(BYTES, stats.bytes);
    to.begin(REFUSED);
    for (why, count) in
        [("full", stats.refused_full), ("away", stats.refused_away), ("too_long", stats.refused_too_long)]
    {
        to.add(&[("why", why)], count);
    }
    to.only(LOST, stats.lost);
    to.only(DUPLICATES, stats.duplicates);
    to.only(FOREIGN, stats.foreign);
    to.only(DISCONNECTS, stats.disconnects);
    to.only(INCOMPLETE, stats.incomplete);
}
