//! Whether the bus is there, and what has passed it, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::node_id::NodeId;
use crate::socket::seldom::Seldom;

/// Whether this node and the bus hear each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BusState {
    /// What this node says comes back to it.
    Up,
    /// Since then it does not.
    Away {
        /// When it was lost, or when the process started.
        since: Instant,
    },
}

/// A bus in numbers, since the process started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BusStats {
    /// Bytes that wait for the bus now.
    pub queue_bytes: usize,
    /// How long this node's latest parcel took to come back.
    pub echo: Duration,
    /// Messages that were given to the bus. Those that it had not taken when the connection broke are given again, and counted once.
    pub sent: u64,
    /// Messages of other nodes.
    pub received: u64,
    /// Parcels that were given to the bus.
    pub parcels: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Messages that were refused because as many bytes waited as may.
    pub refused_full: u64,
    /// Messages that were refused because the bus had been away for too long, or had waited for too long when it came back.
    pub refused_away: u64,
    /// Messages that were longer than the bus takes.
    pub refused_too_long: u64,
    /// Messages of other nodes that were missed.
    pub lost: u64,
    /// Messages that came twice, and were dropped the second time.
    pub duplicates: u64,
    /// Messages that were for no channel here, of an unknown kind, of strangers, or of a time more than a day ahead.
    pub foreign: u64,
    /// How often the connection to the bus was lost.
    pub disconnects: u64,
    /// Questions to all nodes that some have not answered.
    pub incomplete: u64,
}

pub(super) struct BusCounters {
    pub state: watch::Sender<BusState>,
    pub echo_micros: Count,
    pub sent: Count,
    pub received: Count,
    pub parcels: Count,
    pub bytes: Count,
    pub refused_full: Count,
    pub refused_away: Count,
    pub refused_too_long: Count,
    pub lost: Count,
    pub duplicates: Count,
    pub foreign: Count,
    pub disconnects: Count,
    pub incomplete: Count,
    log: Log,
}

/// What of each the log has told.
struct Log {
    refused_full: Seldom,
    refused_away: Seldom,
    refused_too_long: Seldom,
    duplicates: Seldom,
    foreign: Seldom,
}

#[derive(Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl BusCounters {
    pub fn new() -> Self {
        let (state, _) = watch::channel(BusState::Away { since: Instant::now() });
        Self {
            state,
            echo_micros: Count::default(),
            sent: Count::default(),
            received: Count::default(),
            parcels: Count::default(),
            bytes: Count::default(),
            refused_full: Count::default(),
            refused_away: Count::default(),
            refused_too_long: Count::default(),
            lost: Count::default(),
            duplicates: Count::default(),
            foreign: Count::default(),
            disconnects: Count::default(),
            incomplete: Count::default(),
            log: Log {
                refused_full: Seldom::new(),
                refused_away: Seldom::new(),
                refused_too_long: Seldom::new(),
                duplicates: Seldom::new(),
                foreign: Seldom::new(),
            },
        }
    }

    /// Says what was refused, doubled and foreign. For the lane: whoever counts may hold a room's lock, and a subscriber of the log
    /// may send to that room.
    pub fn say(&self, node: NodeId) {
        let log = &self.log;
        if let Some(times) = log.refused_full.tells(self.refused_full.get()) {
            tracing::warn!(%node, times, "messages to other nodes were refused: as many bytes wait for the bus as may");
        }
        if let Some(times) = log.refused_away.tells(self.refused_away.get()) {
            tracing::warn!(%node, times, "messages to other nodes were refused: the bus is away");
        }
        if let Some(times) = log.refused_too_long.tells(self.refused_too_long.get()) {
            tracing::warn!(%node, times, "messages were refused: they are longer than the bus takes");
        }
        if let Some(times) = log.duplicates.tells(self.duplicates.get()) {
            tracing::info!(%node, times, "messages of other nodes came twice, and were dropped the second time");
        }
        if let Some(times) = log.foreign.tells(self.foreign.get()) {
            tracing::warn!(%node, times, "messages of other nodes were foreign: of a channel, kind or node that is not known here, or of a time more than a day ahead");
        }
    }

    pub fn read(&self, queue_bytes: usize) -> BusStats {
        BusStats {
            queue_bytes,
            echo: Duration::from_micros(self.echo_micros.get()),
            sent: self.sent.get(),
            received: self.received.get(),
            parcels: self.parcels.get(),
            bytes: self.bytes.get(),
            refused_full: self.refused_full.get(),
            refused_away: self.refused_away.get(),
            refused_too_long: self.refused_too_long.get(),
            lost: self.lost.get(),
            duplicates: self.duplicates.get(),
            foreign: self.foreign.get(),
            disconnects: self.disconnects.get(),
            incomplete: self.incomplete.get(),
        }
    }
}
