//! The handlers of batches, as the expansions write them.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::Batched;
use crate::channel::Channel;
use crate::protocol::fault::Fault;

/// A message that channel `C` handles in batches. Another place checks that it is a message, so that the error is reported once.
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
