//! Channels that never change: one for each kind of line that a lock has.

use std::collections::BTreeMap;

use channel_runtime::describe::Describe;
use channel_runtime::{Deferred, Fault, Socket, Success, channel, message};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Describe)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    RedMan,
    #[serde(alias = "queen")]
    RedKing,
}

#[derive(Serialize, Deserialize, Describe)]
#[serde(tag = "kind")]
pub enum Mark {
    Circle { width: f64 },
    Line { to: (i32, i32) },
}

#[derive(Serialize, Deserialize, Describe)]
#[serde(deny_unknown_fields)]
pub struct Page<T> {
    items: Vec<T>,
    next: Option<Box<Page<T>>>,
}

#[derive(Serialize, Deserialize, Describe)]
pub struct Square(String);

#[derive(Serialize, Deserialize)]
pub struct Undescribed(u8);

#[message(type = "move", rate = "20/s")]
pub struct Move {
    /// Where it stands.
    from: Square,
    to: Square,
    piece: Option<Piece>,
    at: usize,
    after: std::time::Duration,
    unknown: Vec<Undescribed>,
}

#[message(type = "say")]
pub struct Say {
    text: String,
    tags: Vec<String>,
    loud: Option<bool>,
}

#[message(type = "moved")]
#[serde(rename_all = "camelCase")]
pub struct Moved {
    #[serde(skip_serializing_if = "Option::is_none")]
    captured_piece: Option<Piece>,
    #[serde(rename(serialize = "by", deserialize = "from"))]
    player: Option<u64>,
    #[serde(default)]
    marks: Vec<Mark>,
    #[serde(flatten)]
    more: BTreeMap<String, u32>,
}

#[message(type = "confirm", answer = bool)]
pub struct Confirm {
    text: String,
}

#[message(binary, kind = 7)]
pub struct Blob {
    bytes: bytes::Bytes,
}

impl Blob {
    fn from_bytes(bytes: bytes::Bytes) -> Result<Self, &'static str> {
        Ok(Self { bytes })
    }

    fn to_bytes(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.bytes);
    }
}

pub struct Table(u8);

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A game.
#[channel("/game/:id/:name", rooms(Table), subprotocols("game.1", optional))]
pub struct Game {
    id: u64,
    name: String,
    #[extract]
    handshake: channel_runtime::Handshake,
}

#[channel(sends(Moved, Confirm, Blob, bytes::Bytes))]
impl Game {
    fn on_binary(&mut self, _: bytes::Bytes) {}

    #[message(rate = "5/s", timeout = "2s")]
    async fn make_move(&mut self, _: Move) -> Result<Option<Moved>, Fault> {
        Ok(None)
    }

    #[message]
    fn blob(&self, _: Blob) {}

    #[message(type = "count")]
    fn count(&self) -> Success<Page<u32>> {
        Success(Page { items: vec![], next: None })
    }

    #[message(type = "later")]
    fn later(&self, socket: &Socket<Self>) -> Deferred<Success<u32>> {
        socket.defer().typed().1
    }

    #[message(type = "leave_game")]
    fn leave(&mut self) {}
}

#[channel("/chat")]
pub struct Chat;

#[channel(sends(Moved))]
impl Chat {
    #[message(batch(size = 10, wait = "1s"))]
    async fn say(_: Vec<channel_runtime::Batched<Self, Say>>) {}
}

#[channel("/rpc")]
pub struct Rpc;

#[channel(envelope = channel_runtime::envelope::JsonRpc, sends(Say))]
impl Rpc {
    #[message]
    fn say(&self, say: Say) -> Say {
        say
    }
}
