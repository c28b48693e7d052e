//! The list of rooms that have no members and are kept for their history, and the bound of all histories.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use parking_lot::Mutex;

use crate::room::history_budget::HistoryBudget;
use crate::room::live_room::LiveRoom;

/// What a registry knows of its rooms' histories.
pub(super) struct History {
    pub budget: Arc<HistoryBudget>,
    pub kept: Mutex<VecDeque<KeptRoom>>,
    /// Its task runs.
    pub is_watched: AtomicBool,
}

#[derive(Clone)]
pub(super) struct KeptRoom {
    pub channel: usize,
    pub room: Arc<LiveRoom>,
}

impl History {
    pub fn new(most_bytes: usize) -> Self {
        let budget = HistoryBudget::new(most_bytes);
        Self { budget, kept: Mutex::default(), is_watched: AtomicBool::new(false) }
    }
}
