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
    /// Whether a message may be answered by a `success` without data, which it gets if the handler drops it.
    const MAY_BE_NOTHING: bool = true;

    /// The answer that the handler's batch declares.
    type Answer: ?Sized + 'static;

    /// Runs the handler.
    fn run(
        batch: Vec<Batched<C, Self, Self::Answer>>,
        app: &Arc<C::App>,
    ) -> impl Future<Output = Result<(), Fault>> + Send;
}
