//! Who writes what waits in an outbox.

use std::task::Waker;

#[derive(Default)]
pub(super) enum Writer {
    /// The connection's own task, which runs or is woken. Nobody else writes, because it drains the queue before it is idle again.
    #[default]
    Owner,
    /// Whoever pushes next. The owner is idle, and its waker is kept.
    NextSender(Waker),
    /// A caller that has pushed, and was told to have what waits written. The owner is idle.
    Assigned(Waker),
}

impl Writer {
    /// `false` if somebody writes already.
    #[inline(always)]
    pub fn assign_flush(&mut self) -> bool {
        let is_next = matches!(self, Self::NextSender(_));
        if is_next {
            *self = self.take_owner().map_or(Self::Owner, Self::Assigned);
        }
        is_next
    }

    /// What was assigned has begun. `false` if the owner writes.
    pub fn end_flush(&mut self) -> bool {
        if matches!(self, Self::Assigned(_)) {
            *self = self.take_owner().map_or(Self::Owner, Self::NextSender);
        }
        !matches!(self, Self::Owner)
    }

    /// The owner's waker, if it is idle. From now on the owner writes.
    #[inline(always)]
    pub fn take_owner(&mut self) -> Option<Waker> {
        match std::mem::take(self) {
            Self::Owner => None,
            Self::NextSender(owner) | Self::Assigned(owner) => Some(owner),
        }
    }
}
