//! How much the tables of a node's lane hold, for tests: nothing, when nothing is asked, answered or under way.

use super::relay::Relay;
use crate::socket::node::Node;

/// The tables of a node's lane, by how many entries they have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tables {
    /// Questions to all nodes whose answers are waited for.
    pub questions: usize,
    /// Answers that wait for the bus.
    pub answers: usize,
    /// Rooms of whose newest values other nodes are owed an answer.
    pub owed: usize,
    /// Parcels that have not come back.
    pub parcels: usize,
}

/// Empty without a cluster.
pub(crate) fn tables(node: &Node) -> Tables {
    let Some(relay) = Relay::of(node) else { return Tables::default() };
    let (answers, owed) = relay.queue.answers_and_owed();
    Tables { questions: relay.questions.open(), answers, owed, parcels: relay.echo.parcels() }
}
