//! From the user's tokens to the model of a channel. A mistake in one part hides none in another.

pub mod arguments;
mod batches;
pub mod block;
mod bounds;
mod fields;
mod handler_args;
mod handlers;
mod history;
mod hooks;
pub mod item;
mod lists;
mod methods;
mod notices;
mod options;
mod presence;
mod rooms;
pub mod route;
mod snapshot;
mod subprotocols;
