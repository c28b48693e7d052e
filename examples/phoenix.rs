//! A chat for clients of Phoenix: the npm package `phoenix` connects to it as it is, and so do the libraries for Swift, Kotlin and
//! others that speak the serializer V2, `[join_ref, ref, topic, event, payload]`.
//!
//! Run `cargo run --example phoenix`, and in a page or in Node:
//!
//! ```text
//! const socket = new Socket('ws://127.0.0.1:3030/room/7')     // it adds `/websocket?vsn=2.0.0`
//! socket.connect()
//! const channel = socket.channel('room:7', { name: 'Ann' })
//! channel.on('said', said => console.log(said.by, said.body))
//! channel.join().receive('ok', ({ here }) => channel.push('say', { body: 'Hello' }))
//! ```
//!
//! A socket has one topic, that of its path: `/room/7/websocket` is `room:7`. `tests/clients` runs the package against this example.

use std::env;

use channel_runtime::describe::Describe;
use channel_runtime::envelope::Phoenix;
use channel_runtime::{Fault, Server, Socket, Success, channel, channels, message};
use serde::Serialize;

/// The event `phx_join`: what a page gives `socket.channel(topic, params)`.
#[message(type = "phx_join")]
pub struct Join {
    pub name: String,
}

/// Pushed by a client.
#[message(type = "say")]
pub struct Say {
    pub body: String,
}

/// Sent to all who are in the room.
#[message(type = "said")]
pub struct Said {
    pub by: String,
    pub body: String,
}

/// The answer to who joins, `receive('ok', ..)`.
#[derive(Serialize, Describe)]
pub struct Welcome {
    pub here: usize,
}

// No history: the envelope of Phoenix has no place for its numbers.
#[channel("/room/:id/websocket")]
pub struct Room {
    id: u64,
    /// Empty until the client has joined.
    #[state]
    name: String,
}

#[channel(sends(Said), envelope = Phoenix)]
impl Room {
    /// Without this handler every join is answered `ok`.
    #[message]
    fn join(&mut self, m: Join, socket: &Socket<Self>) -> Result<Success<Welcome>, Fault> {
        if m.name.trim().is_empty() {
            return Err(Fault::new("room.nameless", format!("room {} is for people with names", self.id)));
        }
        self.name = m.name;
        Ok(Success(Welcome { here: socket.room().len() }))
    }

    /// `()` is the reply `ok` with `{}`, a fault is the reply `error`.
    #[message]
    fn say(&self, m: Say, socket: &Socket<Self>) -> Result<(), Fault> {
        if self.name.is_empty() {
            return Err(Fault::forbidden("join first"));
        }
        socket.room().send(Said { by: self.name.clone(), body: m.body });
        Ok(())
    }
}

/// The channel.
pub fn server() -> Server<()> {
    channels![Room].app(())
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3030".into());
    let bound = server().bind(addr).await?;
    println!("listening on http://{}", bound.local_addr());
    bound.run().await
}
