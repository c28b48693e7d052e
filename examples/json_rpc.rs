//! JSON-RPC 2.0: methods that any client of it calls, by name or by place, one at a time or in batches.
//!
//! Run `cargo run --example json_rpc`. By hand:
//!
//! ```text
//! $ python3 -m websockets ws://127.0.0.1:3030/rpc
//! > {"jsonrpc":"2.0","method":"subtract","params":[42,23],"id":1}
//! < {"jsonrpc":"2.0","result":19,"id":1}
//! > {"jsonrpc":"2.0","method":"subtract","params":{"minuend":42},"id":2}
//! < {"jsonrpc":"2.0","error":{"code":-32602,"message":"..","data":{..}},"id":2}
//! ```
//!
//! `tests/clients` runs the npm packages `json-rpc-2.0` and `rpc-websockets` against this example.

use std::collections::BTreeMap;
use std::env;
use std::fmt;

use channel_runtime::describe::Describe;
use channel_runtime::envelope::JsonRpc;
use channel_runtime::{Fault, Server, Socket, Success, channel, channels, message};
use serde::{Deserialize, Serialize};

/// A method: its params are `{"minuend":42,"subtrahend":23}` or `[42,23]`.
#[message(type = "subtract")]
pub struct Subtract {
    pub minuend: i64,
    pub subtrahend: i64,
}

#[message(type = "announce")]
pub struct Announce {
    pub text: String,
}

/// A notification of the server's: a method without an id.
#[message(type = "announced")]
pub struct Announced {
    pub text: String,
}

#[message(type = "greet")]
pub struct Greet {
    pub greeting: String,
}

/// A request of the server's, which the client answers with a string.
#[message(type = "name", answer = String)]
pub struct Name {}

/// How `rpc-websockets` subscribes to notifications: `client.subscribe('announced')`.
#[message(type = "rpc.on")]
pub struct On {
    pub event: Event,
}

#[message(type = "rpc.off")]
pub struct Off {
    pub event: Event,
}

/// A kind of notification, and the room of those who have subscribed to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Describe)]
#[serde(rename_all = "lowercase")]
pub enum Event {
    Announced,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("announced")
    }
}

// No history: JSON-RPC has no place for its numbers.
#[channel("/rpc", rooms(Event))]
pub struct Rpc;

#[channel(sends(Announced, Name), envelope = JsonRpc)]
impl Rpc {
    /// A fault whose code is `rpc.` and a number has this number. Others have -32000, with the code in `data.code`.
    #[message]
    fn subtract(&self, m: Subtract) -> Result<Success<i64>, Fault> {
        let difference = m.minuend.checked_sub(m.subtrahend);
        difference.map(Success).ok_or_else(|| Fault::new("rpc.-32050", "the difference is out of range"))
    }

    /// Returns how many were sent it. Called without an id it is a notification, and is not answered.
    #[message]
    fn announce(&self, m: Announce, socket: &Socket<Self>) -> Success<usize> {
        Success(socket.room_of(&Event::Announced).send(Announced { text: m.text }).recipients)
    }

    /// Asks the client back. `concurrent` keeps its other requests from waiting meanwhile.
    #[message(concurrent = 1)]
    async fn greet(&self, m: Greet, socket: &Socket<Self>) -> Result<Success<String>, Fault> {
        let name = socket.ask(Name {}).await.map_err(|error| Fault::new("greet.nameless", error.to_string()))?;
        Ok(Success(format!("{}, {name}", m.greeting)))
    }

    #[message]
    fn subscribe(&self, m: On, socket: &Socket<Self>) -> Success<BTreeMap<Event, &'static str>> {
        socket.join(&m.event);
        Success(BTreeMap::from([(m.event, "ok")]))
    }

    #[message]
    fn unsubscribe(&self, m: Off, socket: &Socket<Self>) -> Success<BTreeMap<Event, &'static str>> {
        socket.leave(&m.event);
        Success(BTreeMap::from([(m.event, "ok")]))
    }
}

/// The channel.
pub fn server() -> Server<()> {
    channels![Rpc].app(())
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3030".into());
    let bound = server().bind(addr).await?;
    println!("listening on http://{}", bound.local_addr());
    bound.run().await
}
