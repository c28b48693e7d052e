//! The usual chat, as the examples of warp and axum have it: rooms in a map behind a lock, and for each client a task
//! that writes what comes through its channel. Whatever is said is encoded once.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};
use tokio::sync::RwLock;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

static NEXT_ID: AtomicUsize = AtomicUsize::new(1);

/// What clients say, and what they hear.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Said {
    Chat { text: String },
    Echo { id: u64, text: String },
}

type Room<M> = HashMap<usize, UnboundedSender<M>>;

/// All rooms; `M` is a message of the server's own kind.
#[derive(Debug)]
pub struct Rooms<M> {
    rooms: Arc<RwLock<HashMap<String, Room<M>>>>,
    message: fn(String) -> M,
}

impl<M> Clone for Rooms<M> {
    fn clone(&self) -> Self {
        Self { rooms: Arc::clone(&self.rooms), message: self.message }
    }
}

impl<M: Clone> Rooms<M> {
    /// None yet; `message` makes a message of a text.
    pub fn new(message: fn(String) -> M) -> Self {
        Self { rooms: Arc::default(), message }
    }

    /// One more client, and what it is to be sent.
    pub async fn join(&self, room: String) -> (Client<M>, UnboundedReceiver<M>) {
        let (sender, receiver) = unbounded_channel();
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        self.rooms.write().await.entry(room.clone()).or_default().insert(id, sender.clone());
        (Client { rooms: self.clone(), room, id, sender }, receiver)
    }
}

/// A client in its room.
#[derive(Debug)]
pub struct Client<M> {
    rooms: Rooms<M>,
    room: String,
    id: usize,
    sender: UnboundedSender<M>,
}

impl<M: Clone> Client<M> {
    /// Does what a message asks for.
    pub async fn says(&self, text: &str) {
        let Ok(said) = serde_json::from_str(text) else { return };
        let message = (self.rooms.message)(serde_json::to_string(&said).expect("strings and numbers are JSON"));
        match said {
            Said::Chat { .. } => {
                if let Some(room) = self.rooms.rooms.read().await.get(&self.room) {
                    for member in room.values() {
                        // Who is leaving needs it no more.
                        _ = member.send(message.clone());
                    }
                }
            }
            Said::Echo { .. } => _ = self.sender.send(message),
        }
    }

    /// Is gone.
    pub async fn leaves(self) {
        let mut rooms = self.rooms.rooms.write().await;
        if let Some(room) = rooms.get_mut(&self.room) {
            room.remove(&self.id);
            if room.is_empty() {
                rooms.remove(&self.room);
            }
        }
    }
}
