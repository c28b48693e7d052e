//! The handler of a batch, as the macros' expansions write it, and what it may return.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::Batched;
use crate::channel::Channel;
use crate::protocol::fault::Fault;

/// A message that channel `C` handles in batches. That it is one is asked for elsewhere, and is told once where it is none.
pub trait InBatches<C: Channel>: Sized + Send + 'static {
    /// The handler's name.
    const HANDLER: &'static str;
    /// The most messages in a batch.
    const SIZE: usize;
    /// How long the first of a batch waits for others.
    const WAIT: Duration;

    /// Runs the handler.
    fn run(batch: Vec<Batched<C, Self>>, app: &Arc<C::App>) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// What the handler of a batch returned.
pub fn batch_done<R: BatchReply>(result: R) -> Result<(), Fault> {
    result.into_result()
}

/// What the handler of a batch may return.
#[diagnostic::on_unimplemented(
    message = "the handler of a batch cannot return `{Self}`",
    label = "not what the handler of a batch returns",
    note = "return `()`, or `Result<(), E>` with an error that is `Into<Fault>`; each message of the batch has its own `reply(..)`"
)]
pub trait BatchReply {
    /// The error is for all that are not answered.
    fn into_result(self) -> Result<(), Fault>;
}

impl BatchReply for () {
    fn into_result(self) -> Result<(), Fault> {
        Ok(())
    }
}

impl<E: Into<Fault>> BatchReply for Result<(), E> {
    fn into_result(self) -> Result<(), Fault> {
        self.map_err(Into::into)
    }
}
