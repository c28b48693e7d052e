//! What nodes say to each other, as bytes: parcels of records.
//!
//! ```text
//! parcel = "C1" version:1 node:8 lane:1 first:8 count:varint record*
//! record = length:varint kind:1 channel:4 target mask content          length = of all behind it
//! target = 0 everybody of the channel | 1 room name | 2 rooms n (name, index of its body:varint) | 3 users n name
//!        | 4 connection node:8 serial:8 | 5 a user on all channels, name | 6 the nodes themselves
//! mask   = n (1 not this connection, node:8 serial:8 | 2 not this user, name | 3 only this user, name)
//! ```
//!
//! Numbers are little-endian; `n`, lengths and indexes are varints (LEB128 in its shortest form, at most 32 bits); a name is UTF-8
//! behind its length in bytes. `channel` is a hash of the path's pattern. `lane` is 0 for the lane, whose records are numbered from
//! `first` on, 1 for a hello, which has no number and says in `first` that of the lane's next record, and 255 for what is for one node alone, and has no numbers: then `first` is 0. A mask names one `only this user` at
//! most. An index is 0 unless the kind is 1. A mask may name one connection that there never is, of the node 2<sup>64</sup> - 1: that
//! says the class of a message, and versions that do not know classes pass over it. In its serial the first byte, the lowest, is 1
//! for a volatile message and 2 for a newest value, and the last four are the FNV-1a of its type, by which it is counted where it is
//! dropped. If the first of a mask says 2, the next two may say what value it is: a connection of the same node, in whose serial the
//! first byte is 3 and the others are the microseconds of its stamp, from 1 to 2<sup>55</sup>; and a user, whose name is a zero and the value's key. Without them
//! it is for each client, and kept in no table.
//!
//! | kind | content |
//! |---|---|
//! | 0 frame | flags:1, length and bytes of the plain payload, the bytes of the compressed one |
//! | 1 frames | n (flags:1, length and bytes), which a target of rooms refers to |
//! | 2 topical | flags:1 (1 has a place), length and bytes before the place, the bytes behind it |
//! | 3 close | code:2, or 0 for none, and the reason |
//! | 4 notice | the handler's name, JSON |
//! | 5 join, 6 leave | the name of a room |
//! | 7 question | id:8 milliseconds:4 what:1 (0 length, 1 members, 2 disconnect: code:2 and the reason) |
//! | 8 answer | id:8, JSON |
//! | 9 hello | JSON |
//! | 10 bye | nothing |
//! | 11 move | the path of a room |
//! | 12 forget | hash of the type:4 microseconds:8 node:8, and the key |
//! | 13 ask | digest:8, of the newest values of a room or of all that are known |
//! | 14 value | node:8 of the stamp, flags:1, the bytes of the payload: an answer, whose mask says what value it is |
//!
//! The flags of a frame are 1 if it is binary, and in the four bits above it the window's size for which it was compressed, as a
//! power of two from 9 to 15; 0 if it was not. A record is as long as what it contains. What this version does not know is passed
//! over by its length.

mod cursor;
mod mask;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::sync::Arc;

use bytes::Bytes;

pub(crate) use self::mask::ValueRef;
pub(crate) use self::read::{Address, Content, Parcel, Record};
pub(crate) use self::write::{ParcelWriter, record_bytes};
use crate::cluster::node_id::NodeId;
use crate::connection::id::ConnectionId;
use crate::connection::user_key::UserKey;
use crate::room::class::{Class, LatestClass, TypeHash};
use crate::room::exclusions::Exclusions;
use crate::room::outgoing::Body;
use crate::wire::close::CloseCode;
use crate::wire::frame::Frame;

const MAGIC: [u8; 2] = *b"C1";
const VERSION: u8 = 1;
const LANE: u8 = 0;
const GREETING: u8 = 1;
const ONE_NODE: u8 = 255;

/// What waits for the bus, with all that it needs to be written later.
#[derive(Debug)]
pub(crate) struct Outbound {
    /// The hash of the channel; see [`channel_hash`]. 0 if it is for the nodes themselves.
    pub channel: u32,
    pub to: Destination,
    pub class: Class,
    /// Of a newest value for the tables of rooms.
    pub newest: Option<ValueOf>,
    /// `None` if all are meant.
    pub mask: Option<Box<Exclusions>>,
    pub cargo: Cargo,
}

#[derive(Debug)]
pub(crate) struct ValueOf {
    /// Of its stamp, at most 56 bits.
    pub micros: u64,
    pub key: Arc<str>,
}

#[derive(Clone, Debug)]
pub(crate) enum Destination {
    All,
    Room(Arc<str>),
    Rooms(Vec<Arc<str>>),
    Users(Vec<UserKey>),
    Connection(ConnectionId),
    /// On all channels whose users are of the channel's type.
    User(UserKey),
    Nodes,
}

#[derive(Debug)]
pub(crate) enum Cargo {
    Body(Body),
    Question {
        id: u64,
        timeout_ms: u32,
        what: Question,
    },
    Answer {
        id: u64,
        json: Bytes,
    },
    Hello(Bytes),
    Bye,
    /// For the newest values of a room, or of all.
    Ask {
        digest: u64,
    },
    /// One of them, from that node.
    Value {
        node: u64,
        frame: Frame,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question<Text = Box<str>> {
    Len,
    Members,
    Disconnect { code: CloseCode, reason: Text },
}

/// The number by which nodes name a channel: FNV-1a of its path's pattern.
pub(crate) fn channel_hash(pattern: &str) -> u32 {
    pattern.bytes().fold(0x811C_9DC5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// The node of the connection that says a class.
const OF_CLASS: u64 = u64::MAX;
const VOLATILE: u64 = 1;
const LATEST: u64 = 2;
const STAMP: u64 = 3;
/// Before the key of a newest value, which stands where a user does.
const OF_KEY: char = '\0';

/// The connection that says it. `None` if nothing is to be said.
fn said(class: Class) -> Option<ConnectionId> {
    let (TypeHash(hash), class) = match class {
        Class::Reliable => return None,
        Class::Volatile(of) => (of, VOLATILE),
        Class::Latest(LatestClass { of, .. }) | Class::LatestElsewhere(of) => (of, LATEST),
    };
    Some(ConnectionId::of(OF_CLASS, u64::from(hash) << 32 | class))
}

/// The class that is said by a connection. `None` if it is one.
fn class(id: ConnectionId) -> Option<Class> {
    (id.node() == OF_CLASS).then(|| match id.serial() & 0xFF {
        VOLATILE => Class::Volatile(TypeHash((id.serial() >> 32) as u32)),
        LATEST => Class::LatestElsewhere(TypeHash((id.serial() >> 32) as u32)),
        // Of the future.
        _ => Class::Reliable,
    })
}

/// The connection that says when a newest value was sent.
fn said_at(micros: u64) -> ConnectionId {
    debug_assert!(micros < 1 << 56, "a stamp has 56 bits");
    ConnectionId::of(OF_CLASS, micros << 8 | STAMP)
}

/// When it was sent, if the connection says that.
fn at(id: ConnectionId) -> Option<u64> {
    (id.node() == OF_CLASS && id.serial() & 0xFF == STAMP).then(|| id.serial() >> 8)
}

/// Where a parcel's records are numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numbered {
    /// From this on.
    From(u64),
    /// Not at all. The lane's next record has this number.
    Before(u64),
    /// It is for one node alone.
    Not,
}

/// A parcel's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub node: NodeId,
    pub numbered: Numbered,
    /// As many records as there are.
    pub count: u32,
}

/// The numbers of kinds, targets and the rest, as they are written and read.
mod tag {
    pub const FRAME: u8 = 0;
    pub const FRAMES: u8 = 1;
    pub const TOPICAL: u8 = 2;
    pub const CLOSE: u8 = 3;
    pub const NOTICE: u8 = 4;
    pub const JOIN: u8 = 5;
    pub const LEAVE: u8 = 6;
    pub const QUESTION: u8 = 7;
    pub const ANSWER: u8 = 8;
    pub const HELLO: u8 = 9;
    pub const BYE: u8 = 10;
    pub const MOVE: u8 = 11;
    pub const FORGET: u8 = 12;
    pub const ASK: u8 = 13;
    pub const VALUE: u8 = 14;

    pub const TO_ALL: u8 = 0;
    pub const TO_ROOM: u8 = 1;
    pub const TO_ROOMS: u8 = 2;
    pub const TO_USERS: u8 = 3;
    pub const TO_CONNECTION: u8 = 4;
    pub const TO_USER: u8 = 5;
    pub const TO_NODES: u8 = 6;

    pub const NOT_CONNECTION: u8 = 1;
    pub const NOT_USER: u8 = 2;
    pub const ONLY_USER: u8 = 3;

    pub const BINARY: u8 = 1;
    pub const HAS_PLACE: u8 = 1;

    pub const LEN: u8 = 0;
    pub const MEMBERS: u8 = 1;
    pub const DISCONNECT: u8 = 2;
}
