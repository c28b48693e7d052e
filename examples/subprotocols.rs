//! Subprotocols: four channels that differ in what they do with a client that offers none of theirs.
//!
//! Run `cargo run --example subprotocols` and open the printed address: the page offers names to each of them, and shows what a page
//! gets to see. The same by hand, with the answers as they are:
//!
//! ```text
//! curl -i -H "Connection: Upgrade" -H "Upgrade: websocket" -H "Sec-WebSocket-Version: 13" \
//!   -H "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==" -H "Sec-WebSocket-Protocol: soap" http://127.0.0.1:3030/required
//! ```

use std::env;

use channel_runtime::{Server, Socket, channel, channels, message};

use self::client::client;
use self::page::page;

#[path = "shared/client.rs"]
mod client;
#[path = "shared/page.rs"]
mod page;

/// Sent to a client that connects.
#[message(type = "welcome")]
pub struct Welcome {
    /// The subprotocol that was agreed.
    subprotocol: Option<String>,
}

impl Welcome {
    fn of(subprotocol: Option<&str>) -> Self {
        Self { subprotocol: subprotocol.map(Into::into) }
    }
}

// No history in any of the four: nothing is sent to a room.
/// Who offers neither is answered 400.
#[channel("/required", subprotocols("kv.v1", "kv.v2"))]
pub struct Required;

#[channel(sends(Welcome))]
impl Required {
    fn on_connect(&self, socket: &Socket<Self>) -> Welcome {
        Welcome::of(socket.subprotocol())
    }
}

/// Who does not offer it is closed with 4406 after the upgrade.
#[channel("/closing", subprotocols("graphql-transport-ws", close = 4406))]
pub struct Closing;

#[channel(sends(Welcome))]
impl Closing {
    fn on_connect(&self, socket: &Socket<Self>) -> Welcome {
        Welcome::of(socket.subprotocol())
    }
}

/// Who does not offer it connects too.
#[channel("/optional", subprotocols("echo.v1", optional))]
pub struct Optional;

#[channel(sends(Welcome))]
impl Optional {
    fn on_connect(&self, socket: &Socket<Self>) -> Welcome {
        Welcome::of(socket.subprotocol())
    }
}

/// Knows `channels.1.json` alone, as each channel does, and passes over all other names.
#[channel("/plain")]
pub struct Plain;

#[channel(sends(Welcome))]
impl Plain {
    fn on_connect(&self, socket: &Socket<Self>) -> Welcome {
        Welcome::of(socket.subprotocol())
    }
}

/// The channels and their page.
pub fn server() -> Server<()> {
    let server = channels![Required, Closing, Optional, Plain].app(());
    let page = page(include_str!("pages/subprotocols.html"), client(&server.describe()));
    server.or(page)
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3030".into());
    let bound = server().bind(addr).await?;
    println!("listening on http://{}", bound.local_addr());
    bound.run().await
}
