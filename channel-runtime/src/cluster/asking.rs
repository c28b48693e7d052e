//! How a question is asked, and how long its answers are waited for.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::counters::BusState;
use super::node_id::NodeId;
use super::questions::MOST_OPEN;
use super::relay::Relay;
use super::wire::{Cargo, Question};
use crate::room::outgoing::Sending;
use crate::room::sent::Elsewhere;

pub(super) struct Answers {
    pub answers: Vec<Bytes>,
    /// Those that have not answered.
    pub missing: Vec<NodeId>,
    /// Whether the bus was there. If not, there may be nodes that this one does not know.
    pub bus_is_up: bool,
}

pub(super) async fn ask(relay: &Relay, sending: &Sending<'_>, what: Question) -> Answers {
    let bus_is_up = *relay.bus.state.borrow() == BusState::Up;
    let (asked, silent) = (relay.nodes.to_be_asked(), relay.nodes.missing(Instant::now()));
    if asked.is_empty() && !matches!(what, Question::Disconnect { .. }) {
        return Answers { answers: Vec::new(), missing: silent, bus_is_up };
    }
    let Some((asking, complete)) = relay.questions.begin(&asked) else {
        tracing::warn!(open = MOST_OPEN, "a question to the other nodes is not asked: too many are open");
        return Answers { answers: Vec::new(), missing: [asked, silent].concat(), bus_is_up };
    };
    let timeout = relay.settings.query_timeout;
    let timeout_ms = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX);
    let elsewhere = relay.send(sending, Cargo::Question { id: asking.id, timeout_ms, what });
    if elsewhere == Elsewhere::Taken && !asked.is_empty() {
        // Whoever is late is missing.
        let _ = tokio::time::timeout(timeout.max(Duration::from_millis(1)), complete.notified()).await;
    }
    let (answers, mut missing) = asking.end();
    missing.extend(silent);
    if !missing.is_empty() {
        relay.bus.incomplete.add(1);
    }
    Answers { answers, missing, bus_is_up }
}
