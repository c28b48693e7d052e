//! The requests in progress on one HTTP connection, which its timeouts depend on.
//!
//! A request is in hand from its head to the end of its body and its answer's. Guards count it.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

use crate::connection::moment::after;

#[derive(Default)]
pub(crate) struct Exchange {
    begun: AtomicU32,
    in_hand: AtomicU32,
    is_over: AtomicBool,
    /// The reading task, while it waits: hyper does not read again by itself when it has answered a request.
    reader: AtomicWaker,
}

impl Exchange {
    pub fn begin(self: &Arc<Self>) -> InHand {
        self.begun.fetch_add(1, Ordering::Relaxed);
        InHand::new(self)
    }

    pub fn begun(&self) -> u32 {
        self.begun.load(Ordering::Relaxed)
    }

    pub fn is_in_hand(&self) -> bool {
        self.in_hand.load(Ordering::Acquire) > 0
    }

    pub fn poll_answered(&self, cx: &Context<'_>) -> Poll<()> {
        if !self.is_in_hand() {
            return Poll::Ready(());
        }
        self.reader.register(cx.waker());
        // Checked again: a guard that was dropped before the waker was registered has woken nobody.
        if self.is_in_hand() { Poll::Pending } else { Poll::Ready(()) }
    }

    /// Upgraded or ending: no HTTP follows.
    pub fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }
}

pub(crate) struct InHand(Arc<Exchange>);

impl InHand {
    fn new(exchange: &Arc<Exchange>) -> Self {
        exchange.in_hand.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(exchange))
    }
}

impl Clone for InHand {
    fn clone(&self) -> Self {
        Self::new(&self.0)
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        if self.0.in_hand.fetch_sub(1, Ordering::Release) == 1 {
            self.0.reader.wake();
        }
    }
}

pub(crate) struct Outgoing<B> {
    body: B,
    _in_hand: InHand,
}

impl<B> Outgoing<B> {
    pub fn new(body: B, in_hand: InHand) -> Self {
        Self { body, _in_hand: in_hand }
    }
}

impl<B: Body + Unpin> Body for Outgoing<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A read fails if the client sends nothing for too long, so that none keeps its place for ever.
pub(crate) struct Incoming<B> {
    body: B,
    patience: Duration,
    deadline: Option<Pin<Box<Sleep>>>,
    is_waited_for: bool,
    _in_hand: InHand,
}

impl<B> Incoming<B> {
    pub fn new(body: B, patience: Duration, in_hand: InHand) -> Self {
        Self { body, patience, deadline: None, is_waited_for: false, _in_hand: in_hand }
    }
}

impl<B: Body + Unpin> Body for Incoming<B>
where
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = B::Data;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, Self::Error>>> {
        let Self { body, patience, deadline, is_waited_for, .. } = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(body).poll_frame(cx) {
            *is_waited_for = false;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let deadline = deadline.get_or_insert_with(|| Box::pin(sleep(*patience)));
        if !std::mem::replace(is_waited_for, true) {
            deadline.as_mut().reset(after(Instant::now(), *patience));
        }
        deadline.as_mut().poll(cx).map(|()| Some(Err("nothing of the body came for too long".into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Wake, Waker};

    use super::*;

    struct Forgotten {
        _in_hand: InHand,
    }

    impl Wake for Forgotten {
        fn wake(self: Arc<Self>) {}
    }

    #[test]
    fn a_request_that_ends_while_its_end_begins_to_be_waited_for_is_seen() {
        let exchange = Arc::new(Exchange::default());
        let first = Waker::from(Arc::new(Forgotten { _in_hand: exchange.begin() }));
        assert!(exchange.poll_answered(&Context::from_waker(&first)).is_pending());
        drop(first);
        assert!(exchange.poll_answered(&Context::from_waker(Waker::noop())).is_ready());
    }
}
