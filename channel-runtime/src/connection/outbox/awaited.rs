//! What is to be done when an outbox becomes empty or less full.

/// Two marks in a byte, because every connection holds it.
#[derive(Clone, Copy, Default)]
pub(super) struct Awaited(u8);

impl Awaited {
    const TASK: u8 = 1;
    const PULL: u8 = 2;

    #[inline]
    pub fn is_any(self) -> bool {
        self.0 != 0
    }

    /// A task is to be notified, or what is allowed to be set to the limit again.
    pub fn notify(&mut self) {
        self.0 |= Self::TASK;
    }

    pub fn notifies(self) -> bool {
        self.0 & Self::TASK != 0
    }

    pub fn take_notify(&mut self) -> bool {
        let notifies = self.notifies();
        self.0 &= !Self::TASK;
        notifies
    }

    /// The owner is to pull the newest values of its rooms.
    pub fn pull(&mut self) {
        self.0 |= Self::PULL;
    }

    pub fn pulls(self) -> bool {
        self.0 & Self::PULL != 0
    }

    pub fn take_pull(&mut self) -> bool {
        let pulls = self.pulls();
        self.0 &= !Self::PULL;
        pulls
    }
}
