//! From the model of a channel to its generated code. It can't fail: every model has an expansion.

mod answers;
mod asks;
mod batches;
pub mod bounds;
mod build;
mod call;
mod description;
mod envelope;
mod fallback;
mod handlers;
mod history;
mod hooks;
mod if_route;
mod message_enum;
mod messages;
mod notices;
mod options;
mod presence;
mod rooms;
mod route;
pub mod subprotocols;
#[cfg(test)]
mod tests;
mod unmarked;

pub use self::fallback::{no_channel, of_block as block_fallback, of_route as route_fallback};
pub use self::handlers::expand as block;
pub use self::route::expand as route;
