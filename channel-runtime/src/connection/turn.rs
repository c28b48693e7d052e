//! The turn of a task: how much it does before it lets the others go on.
//!
//! What is sent to a client within one turn leaves in one write, so a turn that is too short costs system calls.

/// Messages of a client, or of another node.
const MOST_INPUTS: u16 = 64;

/// Recipients that are sent to: about a quarter of a millisecond's work.
const MOST_RECIPIENTS: u16 = 4 * 1024;

#[derive(Default)]
pub(crate) struct Turn {
    inputs: u16,
    recipients: u16,
}

impl Turn {
    pub fn count_input(&mut self) {
        self.inputs += 1;
    }

    pub fn count_recipients(&mut self, recipients: usize) {
        self.recipients = self.recipients.saturating_add(u16::try_from(recipients).unwrap_or(u16::MAX));
    }

    pub fn is_over(&self) -> bool {
        self.inputs >= MOST_INPUTS || self.recipients >= MOST_RECIPIENTS
    }
}
