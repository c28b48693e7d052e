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
//! for good, [`Client::close`] is called, or the last [`Client`] is dropped. [`Status`] lists the states. The waits between tries
//! grow from 1 to 20 seconds, each with a random part, so that the clients of a server that restarts come back one after the other.
//!
//! A request waits for the connection, and is sent once. What has no answer is an [`Error`], by what its sender may do. Only a message
//! whose handler is `idempotent` is sent again if the connection ends before its answer, because the server handles it once.
//!
//! In a room with a history a client that comes back is sent what it has missed: it says where it was. [`Event::Joined`] says whether
//! all of that follows, or what is known from the messages before is out of date.
//!
//! In a channel with `presence` the client is told who is present: [`Event::Presence`], of which [`Present`] makes a list.
//!
//! A message without a struct is a function of the enum of all that clients may send, by the handler's name:
//! `auction.request(AuctionFromClient::leader()).await?`. Its answer has the handler's type as any other.
//!
//! # Faults
//!
//! A handler's fault is [`Error::Fault`]. Its `code` says which it is, and its `details` are read by serde into any type with their
//! fields: a `Fault` that is a struct and derives `Deserialize` is one, too.
//!
//! ```
//! use channel_client::{Client, Error};
//! # use channel_runtime::{Socket, Success, channel, channels, message};
//! use channel_runtime::Fault;
//! use serde::Deserialize;
//! # #[message(type = "bid")] pub struct Bid { amount: u64 }
//! # #[channel("/auction/:lot")] pub struct Auction { lot: u64 }
//!
//! #[derive(Debug, Fault, Deserialize)]
//! #[fault("bid.too_low", "bid {least} or more")]
//! pub struct TooLow { least: u64 }
//! # #[channel]
//! # impl Auction {
//! #     #[message]
//! #     fn bid(&self, bid: Bid) -> Result<(), TooLow> {
//! #         if bid.amount < 7 { Err(TooLow { least: 7 }) } else { Ok(()) }
//! #     }
//! #     #[message(type = "leader")]
//! #     fn leader(&self) -> Success<String> { Success("ann".to_owned()) }
//! # }
//!
//! /// Bids what is needed.
//! async fn bid(auction: &Client<Auction>, amount: u64) -> Result<u64, Error> {
//!     match auction.request(Bid { amount }).await {
//!         Err(Error::Fault(fault)) if fault.code == "bid.too_low" => {
//!             let TooLow { least } = TooLow::deserialize(&fault.details).map_err(|_| Error::Fault(fault))?;
//!             auction.request(Bid { amount: least }).await.map(|()| least)
//!         }
//!         other => other.map(|()| amount),
//!     }
//! }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Error> {
//! # let server = channels![Auction].app(()).bind("127.0.0.1:0").await.unwrap();
//! # let url = format!("ws://{}", server.local_addr());
//! # tokio::spawn(server.run());
//! # let auction = Client::<Auction>::new(Auction::room(&1)).url(&url).open();
//! # assert_eq!((bid(&auction, 3).await?, bid(&auction, 9).await?), (7, 9));
//! # let leader: String = auction.request(AuctionFromClient::leader()).await?;
//! # assert_eq!(leader, "ann");
//! # Ok(())
//! # }
//! ```
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
pub use engine::{CloseBy, Ended, Error, Fresh, Joined, Outdated, Presence, Present, Seen, Status, Unsent, Why};
