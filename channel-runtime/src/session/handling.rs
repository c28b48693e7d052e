//! A handler's call, which has returned or is a future.

use std::future::Future;
use std::pin::Pin;

use futures_util::FutureExt as _;

use crate::socket::reply::Flow;

/// The outcome of a handler's call.
pub enum Handling<'a> {
    /// The handler was not `async`, and has returned.
    Done(Flow),
    /// Boxed, because it may be the future of any of the channel's handlers, and an idle connection has none.
    Later(Pin<Box<dyn Future<Output = Flow> + Send + 'a>>),
}

impl<'a> Handling<'a> {
    /// A future whose output is sent by `reply`.
    pub fn later<F, R>(handler: F, reply: R) -> Self
    where
        F: Future + Send + 'a,
        R: FnOnce(F::Output) -> Flow + Send + 'a,
    {
        Self::Later(Box::pin(handler.map(reply)))
    }
}
