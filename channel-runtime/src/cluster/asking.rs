//! How a question is asked, and how long its answers are waited for.

use bytes::Bytes;
use tokio::time::Instant;

use super::counters::BusState;
use super::node_id::NodeId;
use super::questions::MOST_OPEN;
use super::relay::Relay;
use super::wire::{Cargo, Question};
use crate::room::outgoing::Sending;
use crate::room::sent::Elsewhere;

#[derive(Debug)]
pub(super) struct Answers {
    pub answers: Vec<(NodeId, Bytes)>,
    /// Those that have not answered.
    pub missing: Vec<NodeId>,
    /// Whether the bus was there. If not, there may be nodes that this one does not know.
    pub bus_is_up: bool,
}

pub(super) async fn ask(relay: &Relay, sending: &Sending<'_>, what: Question) -> Answers {
    let bus_is_up = *relay.bus.state.borrow() == BusState::Up;
    let (asked, silent) = (relay.nodes.to_be_asked(), relay.nodes.missing(Instant::now()));
    let (answers, mut missing) = answers(relay, sending, what, asked).await;
    missing.extend(silent);
    missing.sort_unstable();
    Answers { answers, missing, bus_is_up }
}

async fn answers(
    relay: &Relay,
    sending: &Sending<'_>,
    what: Question,
    asked: Vec<NodeId>,
) -> (Vec<(NodeId, Bytes)>, Vec<NodeId>) {
    // Who is disconnected may be on a node that this one does not know yet.
    if asked.is_empty() && !matches!(what, Question::Disconnect { .. }) {
        return (Vec::new(), asked);
    }
    let Some(asking) = relay.questions.begin(&asked) else {
        tracing::warn!(open = MOST_OPEN, "a question to the other nodes is not asked: too many are open");
        return (Vec::new(), asked);
    };
    let timeout = relay.settings.query_timeout;
    let timeout_ms = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX);
    let elsewhere = relay.send(sending, Cargo::Question { id: asking.id, timeout_ms, what });
    if elsewhere == Elsewhere::Taken && !asked.is_empty() {
        // Whoever is late is missing.
        let _ = tokio::time::timeout(timeout, asking.complete.notified()).await;
    }
    asking.end()
}
