//! The cooperative budget of a connection's task: it yields to other tasks when its turn is over.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::task;

use crate::connection::turn::Turn;

pub(crate) const MOST_READS: usize = 8;

#[derive(Default)]
pub(crate) struct Budget {
    turn: Turn,
    /// The last step was a notice: waiting input is handled before the next notice.
    pub was_notice: bool,
    /// The server is draining, and has not closed this connection yet.
    pub is_draining: bool,
    /// `None` if there is nothing to wait for. Boxed twice, because idle connections hold the place.
    yields: Option<Box<Pin<Box<dyn Future<Output = ()> + Send>>>>,
}

impl Budget {
    pub fn count_step(&mut self) {
        self.turn.count_input();
    }

    pub fn count_recipients(&mut self, recipients: u32) {
        self.turn.count_recipients(recipients as usize);
    }

    pub fn is_used_up(&self) -> bool {
        self.turn.is_over()
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
        self.turn = Turn::default();
    }
}
