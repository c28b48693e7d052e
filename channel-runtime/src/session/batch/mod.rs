//! Batches: messages of all connections of a channel that are handled together.
//!
//! A sender's session waits while its [`Batcher`] is full. Its task runs while there are messages, and alone keeps the app alive.

mod batched;
mod batcher;
pub(crate) mod batches;
mod handler;

use std::sync::Arc;

use tokio::time::Instant;

pub use self::batched::{AnyReply, Batched};
use self::batcher::{Batcher, Item, Running};
pub use self::handler::InBatches;
use crate::channel::Channel;
use crate::connection::contained::Contained;
use crate::connection::in_flight::Work;
use crate::session::handling::Handling;
use crate::session::served::Served;
use crate::socket::Socket;
use crate::socket::reply::Flow;

/// Where a session submits a message that is handled in a batch.
pub struct BatchEntry<'a, C: Channel> {
    pub(crate) socket: &'a Socket<C>,
    pub(crate) app: &'a Arc<C::App>,
    pub(crate) bytes: usize,
    pub(crate) served: Arc<Served>,
}

impl<'a, C: Channel> BatchEntry<'a, C> {
    /// Submits a message; its session goes on once there is room for it.
    pub fn submit<M: InBatches<C>>(self, message: M) -> Handling<'a> {
        Handling::Later(Box::pin(async move {
            let Self { socket, app, bytes, served } = self;
            let work = Work::Batch { channel: C::NAME, handler: M::HANDLER };
            let in_flight = socket.member().outbox().activity().begin(work);
            let batcher = served.batches.get(Batcher::<C, M>::new);
            let bytes = batcher.has_room(bytes).await;
            let batched = Contained::new(Batched::open(message, socket.owing(), M::MAY_BE_NOTHING));
            let room_use = socket.member().own_room.begin_use();
            if batcher.add(Item { batched, bytes, submitted: Instant::now(), in_flight, room_use }) {
                Running::start(batcher, Arc::clone(app), served);
            }
            Flow::Continue
        }))
    }
}
