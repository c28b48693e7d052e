//! How much a connection does before others have their turn: a client that never stops talking would else keep its thread to
//! itself.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::task::yield_now;

/// How often a connection reads before others have their turn.
pub(crate) const READS_PER_TURN: usize = 8;

/// How many inputs a connection handles before others have their turn.
const INPUTS_PER_TURN: u16 = 64;

/// To how many clients a connection sends before others have their turn: about a quarter of a millisecond's worth.
const RECIPIENTS_PER_TURN: u16 = 4 * 1024;

/// What a connection has had in this turn, and where it stands in it.
#[derive(Default)]
pub(crate) struct Share {
    /// Steps, and clients that they were sent to.
    steps: u16,
    recipients: u16,
    /// The last step was a notice: input that waits comes before the next.
    pub was_notice: bool,
    /// The server goes away, and the client has not been told yet.
    pub is_sent_away: bool,
    /// Others have their turn, those included whose input has just come. Boxed twice, for idle connections hold the place.
    yields: Option<Box<Pin<Box<dyn Future<Output = ()> + Send>>>>,
}

impl Share {
    /// One more step.
    pub fn step(&mut self) {
        self.steps += 1;
    }

    /// Something was sent to so many clients.
    pub fn send(&mut self, recipients: u32) {
        self.recipients = self.recipients.saturating_add(u16::try_from(recipients).unwrap_or(u16::MAX));
    }

    /// Whether it is time for others.
    pub fn is_used_up(&self) -> bool {
        self.steps >= INPUTS_PER_TURN || self.recipients >= RECIPIENTS_PER_TURN
    }

    /// Lets others have their turn.
    pub fn give_way(&mut self) {
        self.renew();
        self.yields = Some(Box::new(Box::pin(yield_now())));
    }

    /// Ready once they have had it.
    pub fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(yields) = &mut self.yields {
            ready!(yields.as_mut().as_mut().poll(cx));
            self.yields = None;
        }
        Poll::Ready(())
    }

    /// It rests, and begins anew.
    pub fn renew(&mut self) {
        (self.steps, self.recipients) = (0, 0);
    }
}
