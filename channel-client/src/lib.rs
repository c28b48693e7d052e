//! Clients in Rust for the channels of `channel-runtime`: typed both ways by the structs that the server has.
//!
//! ```
//! use channel_client::{Client, Error, Event};
//! # use channel_runtime::{Fault, Socket, Success, channel, channels, message};
//! # #[message(type = "say")] pub struct Say { text: String }
//! # #[message(type = "said")] #[derive(Debug)] pub struct Said { text: String }
//! # #[channel("/chat/:room")] pub struct Chat { room: String }
//! # #[channel(sends(Said))]
//! # impl Chat {
//! #     #[message]
//! #     fn say(&self, say: Say, socket: &Socket<Self>) -> Result<Success<usize>, Fault> {
//! #         let length = say.text.len();
//! #         socket.room().send(Said { text: say.text });
//! #         Ok(Success(length))
//! #     }
//! # }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Error> {
//! # let server = channels![Chat].app(()).bind("127.0.0.1:0").await.unwrap();
//! # let url = format!("ws://{}", server.local_addr());
//! # tokio::spawn(server.run());
//! let chat = Client::<Chat>::new(Chat::room("lounge")).url(&url).open();
//! let mut events = chat.events();
//! let length: usize = chat.request(Say { text: "hello".to_owned() }).await?;
//! assert_eq!(length, 5);
//! while let Some(event) = events.next().await {
//!     if let Event::Message(ChatToClient::Said(said)) = event {
//!         assert_eq!(said.text, "hello");
//!         break;
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # The connection
//!
//! [`Connect::open`] returns at once. The connection is made by a task, and made again whenever it ends, until the server closes it
//! for good, [`Client::close`] is called, or the last [`Client`] is dropped. [`Status`] lists the states. The waits between two tries
//! grow from 1 to 20 seconds, each with a random part, so that the clients of a server that restarts come back one after the other.
//!
//! A request waits for the connection, and is sent once. What has no answer is an [`Error`], by what its sender may do.
//!
//! # Without the server's code
//!
//! `#[channel]` expands to the server's code, so a crate that shares a channel's struct compiles the server, too. A crate that does
//! not implements [`Protocol`](channel_runtime::Protocol) and [`Asks`](channel_runtime::Asks) for types of its own, with the same
//! messages, and depends on `channel-runtime` without its default features.
//!
//! # Features
//!
//! | feature | default | |
//! |---|---|---|
//! | `tls` | off | `wss://`, by rustls with the system's certificates |

// For the transport that the tests have in common.
#[cfg(test)]
extern crate self as channel_client;

// The folders, from top to bottom. Each imports only folders below it, which `tests/house.rs` checks.

// What a program has: clients, requests, events, and the task that runs the connection.
mod client;

// The connection as a state machine.
mod engine;

// The network.
pub mod transport;

pub use client::{Client, Connect, Event, Events, IntoToken, Request};
pub use engine::{CloseBy, Ended, Error, Outdated, Status, Unsent, Why};
