//! Writing what waits: by the connection's own task (the owner), or by a room's flusher while the owner is idle.

use std::io;
use std::task::{Context, Poll};

use tokio::net::tcp::OwnedWriteHalf;

use super::writer::Writer;
use super::{Inner, Outbox};
use crate::connection::stream::{Stream, write_now};

impl Outbox {
    /// From now on others than the owner may write too.
    pub fn attach(&self, socket: OwnedWriteHalf) {
        self.inner.lock().socket = Some(socket);
    }

    /// The owner has ended: nothing is written or kept any more, even if somebody still holds the outbox.
    pub fn detach(&self) {
        self.client_is_gone();
        let (socket, owner) = {
            let mut inner = self.inner.lock();
            (inner.socket.take(), inner.writer.take_owner())
        };
        drop((socket, owner));
    }

    pub fn wake_owner(&self) {
        self.inner.lock().wake_owner();
    }

    /// Writes what waits to the socket, or has the owner do it.
    pub fn flush(&self) {
        let mut inner = self.inner.lock();
        let inner = &mut *inner;
        if !inner.writer.end_flush() || inner.blocked.is_some() {
            return;
        }
        let before = inner.queue.bytes();
        let Some(written) = inner.write_directly() else { return inner.wake_owner() };
        self.hand(before - inner.queue.bytes());
        let was_far_behind = before > self.limit() / 2;
        match written {
            Poll::Ready(Ok(())) => {
                let pulls = inner.awaited.is_any() && self.leave_pull(inner);
                if !pulls {
                    inner.in_flight.end();
                }
                if was_far_behind || pulls {
                    // The owner may have been idle because of that, with input to handle.
                    inner.wake_owner();
                }
            }
            // The owner waits for the socket, or gets the same error.
            Poll::Pending | Poll::Ready(Err(_)) => {
                self.notify_room(inner, before);
                inner.wake_owner();
            }
        }
    }

    /// Returns whether the owner pulls newest values, and notifies then.
    #[cold]
    fn leave_pull(&self, inner: &mut Inner) -> bool {
        let pulls = inner.awaited.pulls();
        if !pulls {
            self.end_waits(inner);
        }
        pulls
    }

    /// Waits until the queue is not [filling](Self::is_filling) any more, or the connection is ending.
    pub async fn has_room(&self) {
        self.until(
            |waits| &waits.emptied,
            |inner| {
                let holds = !self.is_behind(inner);
                if !holds {
                    inner.awaited.notify();
                }
                holds
            },
        )
        .await;
    }

    pub(super) fn notify_room(&self, inner: &Inner, before: usize) {
        let quarter = self.limit() / 4;
        if inner.awaited.notifies() && before > quarter && inner.queue.bytes() <= quarter {
            inner.notify(|waits| &waits.emptied);
        }
    }

    /// The owner runs, and will drain the queue before it is idle.
    pub fn cork(&self) {
        self.inner.lock().writer = Writer::Owner;
    }

    /// As [`cork`](Self::cork), if input may be handled: not if the connection is ending, nor while its client is far behind.
    pub fn cork_for_input(&self) -> bool {
        let mut inner = self.inner.lock();
        let takes = !inner.is_closing() && !self.is_far_behind(&inner);
        if takes {
            inner.writer = Writer::Owner;
        }
        takes
    }

    /// For the owner, before it is idle: writes what waits, as far as the client takes it. The owner is woken when more can be
    /// written, or when a frame is pushed that nobody else writes.
    ///
    /// # Errors
    /// Those of the stream: the client is gone.
    pub fn drain(&self, cx: &mut Context<'_>, stream: &mut Stream) -> io::Result<Drained> {
        let mut inner = self.inner.lock();
        let inner = &mut *inner;
        let (before, was_blocked) = (inner.queue.bytes(), inner.blocked.is_some());
        let written = inner.queue.write_to(|bytes| stream.poll_write(cx, inner.socket.as_mut(), bytes));
        let taken = before - inner.queue.bytes();
        self.hand(taken);
        let wrote = taken > 0;
        inner.is_unflushed |= wrote;
        if inner.is_unflushed {
            // Even if not all was written: the stream may wait for what it holds back itself.
            inner.is_unflushed = stream.poll_flush(cx)?.is_pending();
        }
        let is_blocked = match written {
            Poll::Pending => true,
            Poll::Ready(Ok(())) => inner.is_unflushed,
            Poll::Ready(Err(error)) => return Err(error),
        };
        if is_blocked || was_blocked {
            self.block(inner, is_blocked, taken);
        }
        let owner = inner.writer.take_owner().filter(|owner| owner.will_wake(cx.waker()));
        inner.writer = Writer::NextSender(owner.unwrap_or_else(|| cx.waker().clone()));
        let pulls = if is_blocked {
            self.notify_room(inner, before);
            false
        } else {
            self.notify_emptied(inner)
        };
        let is_draining = inner.is_draining;
        Ok(Drained { wrote, resumed: wrote && was_blocked, empty: !is_blocked, is_draining, pulls })
    }

    pub fn poll_shutdown(&self, cx: &mut Context<'_>, stream: &mut Stream) -> Poll<io::Result<()>> {
        stream.poll_shutdown(cx, self.inner.lock().socket.as_mut())
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Drained {
    pub wrote: bool,
    /// Whether the client took something after its stream had been full.
    pub resumed: bool,
    pub empty: bool,
    pub is_draining: bool,
    /// Whether the owner has to pull newest values of its rooms: nothing waits, and there were some that it did not take.
    pub pulls: bool,
}

impl Inner {
    pub(super) fn write_directly(&mut self) -> Option<Poll<io::Result<()>>> {
        let socket = self.socket.as_ref()?;
        Some(self.queue.write_to(|bytes| match write_now(socket, bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            written => Poll::Ready(written),
        }))
    }

    pub(super) fn wake_owner(&mut self) {
        if let Some(owner) = self.writer.take_owner() {
            owner.wake();
        }
    }
}
