//! The accept loop of a server, in a task of its own.

use std::convert::Infallible;
use std::future::{Future, pending, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

use crate::protocol::escaped::Escaped;
use crate::server::listener::Listener;
use crate::session::guard::BoxFuture;

const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A task, because a server's own future most often runs in `block_on`, whose thread would hand each connection to another one.
pub(super) struct AcceptLoop {
    /// The task alone would hold the listener until the runtime has handled its abort. `None` once ended.
    accepts: Arc<Mutex<Option<BoxFuture<'static, Infallible>>>>,
    task: JoinHandle<Infallible>,
}

impl AcceptLoop {
    pub fn start(accepts: impl Future<Output = Infallible> + Send + 'static) -> Self {
        let accepts: Arc<Mutex<Option<BoxFuture<'static, _>>>> = Arc::new(Mutex::new(Some(Box::pin(accepts))));
        let polled = Arc::clone(&accepts);
        let task = tokio::spawn(poll_fn(move |cx| match &mut *polled.lock() {
            Some(accepts) => accepts.as_mut().poll(cx),
            None => Poll::Pending,
        }));
        Self { accepts, task }
    }

    /// Never ready. Resumes a panic of the loop.
    pub async fn panicked(&mut self) -> Infallible {
        match (&mut self.task).await {
            Ok(never) => never,
            Err(ended) if ended.is_panic() => resume_unwind(ended.into_panic()),
            // The runtime is shutting down, and this future with it.
            Err(_) => pending().await,
        }
    }
}

impl Drop for AcceptLoop {
    fn drop(&mut self) {
        self.task.abort();
        let accepts = self.accepts.lock().take();
        drop(accepts);
    }
}

pub(super) async fn accept<L: Listener>(
    listener: &mut L,
    places: &Arc<Semaphore>,
) -> (OwnedSemaphorePermit, L::Io, Option<SocketAddr>) {
    let place = Arc::clone(places).acquire_owned().await.expect("the semaphore is never closed");
    let mut is_failing = false;
    loop {
        match listener.accept().await {
            Ok((io, peer)) => return (place, io, peer),
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                if !is_failing {
                    tracing::warn!(error = %Escaped(&error), "no connection can be accepted; it is tried again until one is");
                    is_failing = true;
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
