//! The cooperative budget of a connection's task: it yields to other tasks after 64 inputs or 4,096 recipients.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::task;

pub(crate) const MOST_READS: usize = 8;

const MOST_INPUTS: u16 = 64;

/// Recipients that are sent to before the connection yields: about a quarter of a millisecond's work.
const MOST_RECIPIENTS: u16 = 4 * 1024;

#[derive(Default)]
pub(crate) struct Budget {
    steps: u16,
    recipients: u16,
    /// The last step was a notice: waiting input is handled before the next notice.
    pub was_notice: bool,
    /// The server is draining, and has not closed this connection yet.
    pub is_draining: bool,
    /// `None` if there is nothing to wait for. Boxed twice, because idle connections hold the place.
    yields: Option<Box<Pin<Box<dyn Future<Output = ()> + Send>>>>,
}

impl Budget {
    pub fn count_step(&mut self) {
        self.steps += 1;
    }

    pub fn count_recipients(&mut self, recipients: u32) {
        self.recipients = self.recipients.saturating_add(u16::try_from(recipients).unwrap_or(u16::MAX));
    }

    pub fn is_used_up(&self) -> bool {
        self.steps >= MOST_INPUTS || self.recipients >= MOST_RECIPIENTS
    }

    pub fn yield_now(&mut self) {
        self.renew();
        self.yields = Some(Box::new(Box::pin(task::yield_now())));
    }

    pub fn poll_yielded(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(yields) = &mut self.yields {
            ready!(yields.as_mut().as_mut().poll(cx));
            self.yields = None;
        }
        Poll::Ready(())
    }

    pub fn renew(&mut self) {
        (self.steps, self.recipients) = (0, 0);
    }
}
