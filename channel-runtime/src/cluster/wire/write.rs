//! From what waits to bytes.

use bytes::Bytes;

use super::{
    Cargo, Destination, GREETING, LANE, MAGIC, Numbered, OF_KEY, ONE_NODE, Outbound, Question, VERSION, ValueOf, said,
    said_at, tag,
};
use crate::cluster::node_id::NodeId;
use crate::connection::id::ConnectionId;
use crate::connection::user_key::UserKey;
use crate::room::exclusions::Exclusions;
use crate::room::outgoing::Body;
use crate::wire::close::CloseCode;
use crate::wire::frame::{Opcode, payload};

/// The most bytes of a varint.
const VARINT: usize = 5;
const MAX_HEAD: usize = MAGIC.len() + 1 + 8 + 1 + 8 + VARINT;
/// The most bytes of a record before its target.
const RECORD_HEAD: usize = VARINT + 1 + 4;
const CONNECTION: usize = 16;

/// A parcel that grows, until it is finished.
pub(crate) struct ParcelWriter {
    node: NodeId,
    numbered: Numbered,
    count: u32,
    /// Space for the head, then the records.
    buffer: Vec<u8>,
}

impl ParcelWriter {
    pub fn new(node: NodeId, numbered: Numbered) -> Self {
        Self::with_capacity(node, numbered, 0)
    }

    /// For records of so many bytes.
    pub fn with_capacity(node: NodeId, numbered: Numbered, bytes: usize) -> Self {
        let mut buffer = Vec::with_capacity(MAX_HEAD + bytes);
        buffer.resize(MAX_HEAD, 0);
        Self { node, numbered, count: 0, buffer }
    }

    pub fn push(&mut self, outbound: &Outbound) {
        let most = record_bytes(outbound);
        self.buffer.reserve(most);
        // The length stands in front, and is known at the end. Its own length rarely differs from that of the estimate.
        let at = self.buffer.len();
        varint(&mut self.buffer, most);
        let from = self.buffer.len();
        record(&mut self.buffer, outbound);
        let len = self.buffer.len() - from;
        debug_assert!(len <= most, "a record of {len} bytes, where {most} are the most");
        let (exact, size) = encoded(len);
        self.buffer.splice(at..from, exact[..size].iter().copied());
        self.count += 1;
    }

    /// The bytes of the parcel so far, and of a whole head.
    #[cfg(any(test, fuzzing))]
    pub fn len(&self) -> usize {
        self.buffer.len()
    }

    #[cfg(any(test, fuzzing))]
    pub fn count(&self) -> u32 {
        self.count
    }

    pub fn finish(mut self) -> Bytes {
        let (lane, first) = match self.numbered {
            Numbered::From(first) => (LANE, first),
            Numbered::Before(next) => (GREETING, next),
            Numbered::Not => (ONE_NODE, 0),
        };
        let mut head = Vec::with_capacity(MAX_HEAD);
        head.extend_from_slice(&MAGIC);
        head.push(VERSION);
        head.extend_from_slice(&self.node.0.to_le_bytes());
        head.push(lane);
        head.extend_from_slice(&first.to_le_bytes());
        varint(&mut head, self.count as usize);
        let start = MAX_HEAD - head.len();
        self.buffer[start..MAX_HEAD].copy_from_slice(&head);
        Bytes::from(self.buffer).slice(start..)
    }
}

/// The most bytes that this takes in a parcel, and few more than it does.
pub(crate) fn record_bytes(outbound: &Outbound) -> usize {
    let Outbound { to, class, newest, mask, cargo, .. } = outbound;
    let to = match to {
        Destination::All | Destination::Nodes => 0,
        Destination::Room(name) => VARINT + name.len(),
        Destination::Rooms(names) => VARINT + names.iter().map(|name| 2 * VARINT + name.len()).sum::<usize>(),
        Destination::Users(users) => VARINT + users.iter().map(|user| VARINT + user.name().len()).sum::<usize>(),
        Destination::User(user) => VARINT + user.name().len(),
        Destination::Connection(_) => CONNECTION,
    };
    let mask = mask.as_ref().map_or(0, |mask| {
        let users = mask.except_users.iter().chain(&mask.only_user);
        mask.except.len() * (1 + CONNECTION) + users.map(|user| 1 + VARINT + user.name().len()).sum::<usize>()
    });
    let cargo = match cargo {
        Cargo::Body(body) => match body {
            Body::Frame { plain, compressed } => {
                1 + VARINT + plain.len() + compressed.as_ref().map_or(0, |compressed| compressed.payload.len())
            }
            Body::Frames { frames, .. } => VARINT + frames.iter().map(|frame| 1 + VARINT + frame.len()).sum::<usize>(),
            Body::Topical { before, after, .. } => 1 + VARINT + before.len() + after.len(),
            Body::Close(close) => 2 + close.reason.len(),
            Body::Notice { handler, json } => VARINT + handler.len() + json.len(),
            Body::Join(room) | Body::Leave(room) => VARINT + room.len(),
            Body::Forget { key, .. } => 4 + 8 + 8 + key.len(),
        },
        Cargo::Question { what: Question::Disconnect { reason, .. }, .. } => 8 + 4 + 1 + 2 + reason.len(),
        Cargo::Question { .. } => 8 + 4 + 1,
        Cargo::Answer { json, .. } => 8 + json.len(),
        Cargo::Hello(json) => json.len(),
        Cargo::Bye => 0,
        Cargo::Ask { .. } => 8,
        Cargo::Value { frame, .. } => 8 + 1 + frame.len(),
    };
    let class = if class.is_reliable() { 0 } else { 1 + CONNECTION };
    let newest = newest.as_ref().map_or(0, |value| 1 + CONNECTION + 1 + VARINT + OF_KEY.len_utf8() + value.key.len());
    RECORD_HEAD + 1 + to + VARINT + class + newest + mask + cargo
}

fn record(out: &mut Vec<u8>, outbound: &Outbound) {
    let Outbound { channel, to, class, newest, mask, cargo } = outbound;
    out.push(kind(cargo));
    out.extend_from_slice(&channel.to_le_bytes());
    let places = match cargo {
        Cargo::Body(Body::Frames { places, .. }) => &places[..],
        _ => &[],
    };
    target(out, to, places);
    exclusions(out, said(*class), newest.as_ref(), mask.as_deref());
    content(out, cargo);
}

fn kind(cargo: &Cargo) -> u8 {
    match cargo {
        Cargo::Body(Body::Frame { .. }) => tag::FRAME,
        Cargo::Body(Body::Frames { .. }) => tag::FRAMES,
        Cargo::Body(Body::Topical { .. }) => tag::TOPICAL,
        Cargo::Body(Body::Close(close)) => {
            if close.moved_to().is_some() {
                tag::MOVE
            } else {
                tag::CLOSE
            }
        }
        Cargo::Body(Body::Notice { .. }) => tag::NOTICE,
        Cargo::Body(Body::Join(_)) => tag::JOIN,
        Cargo::Body(Body::Leave(_)) => tag::LEAVE,
        Cargo::Body(Body::Forget { .. }) => tag::FORGET,
        Cargo::Question { .. } => tag::QUESTION,
        Cargo::Answer { .. } => tag::ANSWER,
        Cargo::Hello(_) => tag::HELLO,
        Cargo::Bye => tag::BYE,
        Cargo::Ask { .. } => tag::ASK,
        Cargo::Value { .. } => tag::VALUE,
    }
}

/// `places` is empty if all rooms have one body.
fn target(out: &mut Vec<u8>, to: &Destination, places: &[usize]) {
    debug_assert!(
        places.is_empty() || matches!(to, Destination::Rooms(rooms) if rooms.len() == places.len()),
        "frames are for rooms, one for each"
    );
    match to {
        Destination::All => out.push(tag::TO_ALL),
        Destination::Room(name) => {
            out.push(tag::TO_ROOM);
            bytes(out, name.as_bytes());
        }
        Destination::Rooms(names) => {
            out.push(tag::TO_ROOMS);
            varint(out, names.len());
            for (at, name) in names.iter().enumerate() {
                bytes(out, name.as_bytes());
                varint(out, places.get(at).copied().unwrap_or(0));
            }
        }
        Destination::Users(users) => {
            out.push(tag::TO_USERS);
            varint(out, users.len());
            for user in users {
                bytes(out, user.name().as_bytes());
            }
        }
        Destination::Connection(id) => {
            out.push(tag::TO_CONNECTION);
            connection(out, *id);
        }
        Destination::User(user) => {
            out.push(tag::TO_USER);
            bytes(out, user.name().as_bytes());
        }
        Destination::Nodes => out.push(tag::TO_NODES),
    }
}

fn exclusions(out: &mut Vec<u8>, class: Option<ConnectionId>, newest: Option<&ValueOf>, mask: Option<&Exclusions>) {
    // An id that a client has made up says no class.
    let except = || mask.iter().flat_map(|mask| &mask.except).filter(|id| super::class(**id).is_none());
    let users = mask.map_or(0, |mask| mask.except_users.len() + usize::from(mask.only_user.is_some()));
    let of_value = if newest.is_some() { 2 } else { 0 };
    varint(out, class.iter().chain(except()).count() + of_value + users);
    let not = |out: &mut Vec<u8>, id| {
        out.push(tag::NOT_CONNECTION);
        connection(out, id);
    };
    class.into_iter().for_each(|id| not(out, id));
    if let Some(ValueOf { micros, key }) = newest {
        not(out, said_at(*micros));
        out.push(tag::NOT_USER);
        varint(out, OF_KEY.len_utf8() + key.len());
        out.push(OF_KEY as u8);
        out.extend_from_slice(key.as_bytes());
    }
    except().for_each(|id| not(out, *id));
    let Some(Exclusions { except_users, only_user, .. }) = mask else { return };
    let mut users = |tag, user: &UserKey| {
        out.push(tag);
        bytes(out, user.name().as_bytes());
    };
    except_users.iter().for_each(|user| users(tag::NOT_USER, user));
    only_user.iter().for_each(|user| users(tag::ONLY_USER, user));
}

fn content(out: &mut Vec<u8>, cargo: &Cargo) {
    match cargo {
        Cargo::Body(Body::Frame { plain, compressed }) => {
            let (opcode, plain) = payload(plain);
            out.push(flags(opcode, compressed.as_ref().map_or(0, |compressed| compressed.bits)));
            bytes(out, plain);
            if let Some(compressed) = compressed {
                out.extend_from_slice(payload(&compressed.payload).1);
            }
        }
        Cargo::Body(Body::Frames { frames, .. }) => {
            varint(out, frames.len());
            for frame in frames {
                let (opcode, payload) = payload(frame);
                out.push(flags(opcode, 0));
                bytes(out, payload);
            }
        }
        Cargo::Body(Body::Topical { before, after, has_place }) => {
            out.push(if *has_place { tag::HAS_PLACE } else { 0 });
            bytes(out, before);
            out.extend_from_slice(after);
        }
        Cargo::Body(Body::Close(close)) => match close.moved_to() {
            Some(path) => out.extend_from_slice(path.as_bytes()),
            None => reasoned(out, close.code, &close.reason),
        },
        Cargo::Body(Body::Notice { handler, json }) => {
            bytes(out, handler.as_bytes());
            out.extend_from_slice(json);
        }
        Cargo::Body(Body::Join(room) | Body::Leave(room)) => bytes(out, room.as_bytes()),
        Cargo::Body(Body::Forget { of, stamp, key }) => {
            out.extend_from_slice(&of.0.to_le_bytes());
            out.extend_from_slice(&stamp.micros.to_le_bytes());
            out.extend_from_slice(&stamp.node.to_le_bytes());
            out.extend_from_slice(key.as_bytes());
        }
        Cargo::Question { id, timeout_ms, what } => {
            out.extend_from_slice(&id.to_le_bytes());
            out.extend_from_slice(&timeout_ms.to_le_bytes());
            match what {
                Question::Len => out.push(tag::LEN),
                Question::Members => out.push(tag::MEMBERS),
                Question::Disconnect { code, reason } => {
                    out.push(tag::DISCONNECT);
                    reasoned(out, Some(*code), reason);
                }
            }
        }
        Cargo::Answer { id, json } => {
            out.extend_from_slice(&id.to_le_bytes());
            out.extend_from_slice(json);
        }
        Cargo::Hello(json) => out.extend_from_slice(json),
        Cargo::Bye => {}
        Cargo::Ask { digest } => out.extend_from_slice(&digest.to_le_bytes()),
        Cargo::Value { node, frame } => {
            let (opcode, payload) = payload(frame);
            out.extend_from_slice(&node.to_le_bytes());
            out.push(flags(opcode, 0));
            out.extend_from_slice(payload);
        }
    }
}

fn reasoned(out: &mut Vec<u8>, code: Option<CloseCode>, reason: &str) {
    out.extend_from_slice(&code.map_or(0, CloseCode::as_u16).to_le_bytes());
    out.extend_from_slice(reason.as_bytes());
}

fn flags(opcode: Opcode, bits: u8) -> u8 {
    debug_assert!(matches!(opcode, Opcode::Text | Opcode::Binary), "messages alone are sent to other nodes");
    (if opcode == Opcode::Binary { tag::BINARY } else { 0 }) | bits << 1
}

fn connection(out: &mut Vec<u8>, id: ConnectionId) {
    out.extend_from_slice(&id.node().to_le_bytes());
    out.extend_from_slice(&id.serial().to_le_bytes());
}

fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    varint(out, bytes.len());
    out.extend_from_slice(bytes);
}

fn varint(out: &mut Vec<u8>, value: usize) {
    let (bytes, size) = encoded(value);
    out.extend_from_slice(&bytes[..size]);
}

/// A varint, at the front of the array, and its length.
fn encoded(value: usize) -> ([u8; VARINT], usize) {
    let mut left = u32::try_from(value)
        .expect("what is sent is shorter than 4 GiB, because it has to fit into a message of the bus");
    let (mut bytes, mut size) = ([0; VARINT], 0);
    while left > 0x7F {
        bytes[size] = left as u8 | 0x80;
        (left, size) = (left >> 7, size + 1);
    }
    bytes[size] = left as u8;
    (bytes, size + 1)
}
