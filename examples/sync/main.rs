//! Documents that several people write at once, with the npm packages `yjs` and `y-websocket` as they are: a protocol that others
//! made, all of it in binary messages.
//!
//! Run `cargo run --example sync`, and connect whatever has a binding to Yjs:
//!
//! ```js
//! const doc = new Y.Doc()
//! const provider = new WebsocketProvider('ws://127.0.0.1:3030/sync', 'my-document', doc)
//! ```
//!
//! A document is the state of its room, kept by the crate `yrs`. A client that was cut off sends what it wrote meanwhile when it is
//! back. A newcomer receives the document also when nobody else has it open: it waits in memory; an app would have a database.
//! A document has 8 MiB at most, and those that nobody has open have 256 MiB together: at one more, the oldest is forgotten.
//!
//! Anybody may write here. An app lets in whom it trusts, as the example `secure` does, because `yrs` reads nested values by
//! recursion: one that is nested some thousand times ends the process.

mod document;
mod presence;
pub mod protocol;
pub mod shelf;

use std::env;
use std::sync::Arc;

use bytes::Bytes;
use channel_runtime::{Reject, Room, Server, Socket, channel, channels};

use self::document::{Document, Refused};
use self::protocol::Message;
use self::shelf::Shelf;

/// The path is what `y-websocket` makes of the server's address and the name of the document. A message may be longer than a
/// document, so that a document which is too large is refused with a reason.
// No history: it records no binary messages, and the protocol asks for what is missing by itself.
#[channel("/sync/:name", app = Shelf, room_state = Document, message_bytes = "10MiB", outbox_bytes = "4MiB")]
pub struct SyncChannel {
    name: String,
}

#[channel(sends(Bytes))]
impl SyncChannel {
    fn authorize(&self) -> Result<(), Reject> {
        if self.name.len() > 100 {
            return Err(Reject::bad_request("the name of a document has at most 100 bytes"));
        }
        Ok(())
    }

    fn on_room_open(room: &Room<Self>, shelf: &Shelf) -> Document {
        shelf.take(room.name())
    }

    /// Asks for what the client wrote while it was not connected. What it lacks itself, the client asks for.
    fn on_connect(&mut self, socket: &Socket<Self>) {
        socket.room().with(|document, _| {
            socket.send_bytes(Message::Ask(&document.version()).to_bytes());
            socket.send_bytes(Message::Presence(document.presence.everybody()).to_bytes());
        });
    }

    fn on_binary(&mut self, data: Bytes, socket: &Socket<Self>) {
        let done = match Message::read(&data) {
            Some(Message::Ask(version)) => self.answer(version, socket),
            Some(Message::Answer(update)) => self.write(update, || Message::Update(update).to_bytes(), socket),
            Some(Message::Update(update)) => self.write(update, || data.clone(), socket),
            Some(Message::Presence(entries)) => self.announce(entries, socket),
            Some(Message::AskPresence) => {
                socket.room().with(|document, _| {
                    socket.send_bytes(Message::Presence(document.presence.everybody()).to_bytes());
                });
                Ok(())
            }
            // Apps may have kinds of their own; nothing here is for them.
            Some(Message::Other) => Ok(()),
            None => Err(Refused::Malformed),
        };
        if let Err(refused) = done {
            socket.close(refused.code(), refused.reason());
        }
    }

    fn answer(&self, version: &[u8], socket: &Socket<Self>) -> Result<(), Refused> {
        socket.room().with(|document, _| {
            let update = document.since(version)?;
            socket.send_bytes(Message::Answer(&update).to_bytes());
            Ok(())
        })
    }

    /// Sent under the lock, so that a newcomer finds an update in the document, or receives it later.
    fn write(&self, update: &[u8], message: impl FnOnce() -> Bytes, socket: &Socket<Self>) -> Result<(), Refused> {
        if protocol::is_empty(update) {
            return Ok(());
        }
        socket.others().with(|document, others| {
            document.write(update)?;
            others.send_bytes(message());
            Ok(())
        })
    }

    fn announce(&self, entries: Vec<protocol::Entry<'_>>, socket: &Socket<Self>) -> Result<(), Refused> {
        socket.room().with(|document, room| {
            let changes = document.presence.apply(entries, socket.id())?;
            if !changes.changed.is_empty() {
                // Its sender receives it too: a client that receives nothing for half a minute gives its connection up.
                room.send_bytes(Message::Presence(changes.changed).to_bytes());
            }
            for (connection, entry) in changes.to_renew {
                socket.hub().connection(connection).send_bytes(Message::Presence(vec![entry]).to_bytes());
            }
            Ok(())
        })
    }

    fn on_close(&mut self, socket: &Socket<Self>) {
        socket.others().with(|document, others| {
            let gone = document.presence.leave(socket.id());
            if !gone.is_empty() {
                others.send_bytes(Message::Presence(gone).to_bytes());
            }
        });
    }

    fn on_room_close(room: &Room<Self>, document: Document, shelf: &Shelf) {
        shelf.put(room.name(), &document);
    }
}

pub fn server(shelf: Shelf) -> Server<Shelf> {
    channels![SyncChannel].app_arc(Arc::new(shelf))
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3030".into());
    let bound = server(Shelf::default()).bind(addr).await?;
    println!("listening on http://{}", bound.local_addr());
    bound.run().await
}
