//! What is left in an engine, for the tests that nothing is.

use super::machine::Engine;

/// All zero if nothing is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Left {
    pub requests: usize,
    pub unsent: usize,
    pub unsent_bytes: usize,
    pub deadlines: usize,
    /// That count against a rate.
    pub unanswered: u32,
    /// That the task has not done yet, those behind a greeting included.
    pub actions: usize,
}

impl Engine {
    pub fn left(&self) -> Left {
        let [requests, unsent, unsent_bytes, deadlines] = self.pending.left();
        let unanswered = self.paces.unanswered();
        let actions = self.actions.len() + self.behind_greeting.as_ref().map_or(0, Vec::len);
        Left { requests, unsent, unsent_bytes, deadlines, unanswered, actions }
    }
}
