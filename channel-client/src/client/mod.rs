//! What a program has: clients, their requests and events, and the task that runs their connection.

mod answerer;
mod connect;
mod driver;
mod events;
mod handle;
mod request;
mod shared;
mod subscribers;
#[cfg(test)]
mod tests;
mod token;
mod url;
mod wire;

pub use self::connect::Connect;
pub use self::events::{Event, Events};
pub use self::handle::Client;
pub use self::request::Request;
pub use self::token::IntoToken;
