//! A byte stream in memory, between a test's client and the real session.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::connection::in_flight::{Activity, Work, WorkGuard};

pub(super) fn pair(activity: Activity) -> (ClientEnd, ServerEnd) {
    let pipe = Arc::new(Pipe { inner: Mutex::default(), activity });
    (ClientEnd(Arc::clone(&pipe)), ServerEnd(pipe))
}

struct Pipe {
    inner: Mutex<Inner>,
    activity: Activity,
}

#[derive(Default)]
struct Inner {
    to_server: Vec<u8>,
    /// Counts as work from the client's write until the session has found nothing more to read.
    unread: Option<WorkGuard>,
    server: Option<Waker>,
    client_is_gone: bool,
    to_client: Vec<u8>,
    client: Option<Waker>,
    server_is_done: bool,
}

impl Pipe {
    fn change_for_server(&self, change: impl FnOnce(&mut Inner)) {
        let mut inner = self.inner.lock();
        change(&mut inner);
        if inner.unread.is_none() && !inner.server_is_done {
            inner.unread = Some(self.activity.begin(Work::Input));
        }
        if let Some(server) = inner.server.take() {
            server.wake();
        }
    }

    fn change_for_client(&self, change: impl FnOnce(&mut Inner)) {
        let mut inner = self.inner.lock();
        change(&mut inner);
        if let Some(client) = inner.client.take() {
            client.wake();
        }
    }
}

/// The stream ends when this is dropped.
pub(super) struct ClientEnd(Arc<Pipe>);

impl ClientEnd {
    pub fn write(&self, bytes: &[u8]) {
        self.0.change_for_server(|inner| inner.to_server.extend_from_slice(bytes));
    }

    pub fn poll_read(&self, cx: &mut Context<'_>) -> Poll<Vec<u8>> {
        let mut inner = self.0.inner.lock();
        if inner.to_client.is_empty() && !inner.server_is_done {
            inner.client = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(std::mem::take(&mut inner.to_client))
    }

    pub fn end(&self) {
        self.0.change_for_server(|inner| inner.client_is_gone = true);
    }
}

impl Drop for ClientEnd {
    fn drop(&mut self) {
        self.end();
    }
}

pub(super) struct ServerEnd(Arc<Pipe>);

impl AsyncRead for ServerEnd {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut inner = self.0.inner.lock();
        if inner.to_server.is_empty() {
            // A test's client ends its half of the stream as soon as the server has ended its own.
            if inner.client_is_gone || inner.server_is_done {
                inner.unread = None;
                return Poll::Ready(Ok(()));
            }
            inner.server = Some(cx.waker().clone());
            inner.unread = None;
            return Poll::Pending;
        }
        let len = inner.to_server.len().min(buffer.remaining());
        buffer.put_slice(&inner.to_server[..len]);
        inner.to_server.drain(..len);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ServerEnd {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.0.inner.lock().client_is_gone {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        self.0.change_for_client(|inner| inner.to_client.extend_from_slice(bytes));
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.change_for_client(|inner| inner.server_is_done = true);
        Poll::Ready(Ok(()))
    }
}

impl Drop for ServerEnd {
    fn drop(&mut self) {
        self.0.change_for_client(|inner| {
            inner.server_is_done = true;
            inner.unread = None;
        });
    }
}
