//! Connections, whatever their channel: the outbox, the inbox, liveness, and how the stream is read, written and closed.

pub(crate) mod backpressure;
pub(crate) mod close;
pub(crate) mod contained;
pub(crate) mod framework_frames;
pub(crate) mod id;
pub(crate) mod in_flight;
pub(crate) mod inbox;
pub(crate) mod liveness;
pub(crate) mod lock_order;
pub(crate) mod moment;
pub(crate) mod outbox;
pub(crate) mod owed_count;
pub(crate) mod receiver;
pub(crate) mod shutdown;
pub(crate) mod stream;
mod timers;
pub(crate) mod turn;
pub(crate) mod unread;
pub(crate) mod user_key;
