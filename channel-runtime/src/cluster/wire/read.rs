//! From bytes to records. Nothing is allocated, and nothing that is claimed is believed.

use std::fmt;

use super::cursor::{Cursor, List};
use super::mask::{Excluded, Mask, ValueRef};
use super::{GREETING, Head, LANE, MAGIC, Numbered, ONE_NODE, Question, VERSION, tag};
use crate::cluster::node_id::NodeId;
use crate::connection::id::ConnectionId;
use crate::room::class::{Class, TypeHash};
use crate::room::newest::Stamp;
use crate::wire::close::CloseCode;
use crate::wire::frame::{Compressed, Opcode};

/// A parcel as it came: its head and the lengths of its records were read. The records are read one by one, as an iterator.
#[derive(Clone, Debug)]
pub(crate) struct Parcel<'a> {
    pub head: Head,
    records: Cursor<'a>,
}

/// Why nothing of a parcel can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadParcel {
    /// It does not begin as a parcel does.
    Strange,
    /// It is of another version.
    Version(u8),
    /// It has fewer records than it says, or more, or a part of one.
    Cut,
}

/// A record that this version does not know, or that is broken. It has a number as any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Foreign;

impl<'a> Parcel<'a> {
    pub fn parse(bytes: &'a [u8]) -> Result<Self, BadParcel> {
        let mut cursor = Cursor(bytes.strip_prefix(&MAGIC).ok_or(BadParcel::Strange)?);
        match cursor.u8() {
            Some(VERSION) => {}
            Some(version) => return Err(BadParcel::Version(version)),
            None => return Err(BadParcel::Cut),
        }
        let head = head(&mut cursor).ok_or(BadParcel::Cut)?;
        let mut rest = cursor;
        for _ in 0..head.count {
            rest.bytes().ok_or(BadParcel::Cut)?;
        }
        let is_whole = rest.is_empty() && head.is_numerable();
        is_whole.then_some(Self { head, records: cursor }).ok_or(BadParcel::Cut)
    }
}

fn head(cursor: &mut Cursor<'_>) -> Option<Head> {
    let node = NodeId(cursor.u64()?);
    let numbered = match (cursor.u8()?, cursor.u64()?) {
        (LANE, first) => Numbered::From(first),
        (GREETING, next) => Numbered::Before(next),
        (ONE_NODE, 0) => Numbered::Not,
        _ => return None,
    };
    Some(Head { node, numbered, count: cursor.varint()? })
}

impl Head {
    /// Whether the number behind its last record is one.
    fn is_numerable(self) -> bool {
        match self.numbered {
            Numbered::From(first) => first.checked_add(u64::from(self.count)).is_some(),
            Numbered::Before(_) | Numbered::Not => true,
        }
    }
}

impl<'a> Iterator for Parcel<'a> {
    type Item = Result<Record<'a>, Foreign>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(Record::read(Cursor(self.records.bytes()?)).ok_or(Foreign))
    }
}

impl fmt::Display for BadParcel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Strange => f.write_str("it is no parcel"),
            Self::Version(version) => write!(f, "it is of version {version}"),
            Self::Cut => f.write_str("it is broken"),
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Record<'a> {
    pub channel: u32,
    pub to: Address<'a>,
    pub class: Class,
    /// Of a newest value for the tables of rooms.
    pub newest: Option<ValueRef<'a>>,
    pub mask: Mask<'a>,
    pub content: Content<'a>,
}

impl<'a> Record<'a> {
    fn read(mut cursor: Cursor<'a>) -> Option<Self> {
        let (kind, channel) = (cursor.u8()?, cursor.u32()?);
        let to = Address::read(&mut cursor)?;
        let mut mask = List::read(&mut cursor, Excluded::read)?;
        let class = mask.clone().find_map(Excluded::class).unwrap_or_default();
        let newest = ValueRef::take(&mut mask);
        if newest.is_some_and(|value| !Stamp::is_of_a_node(value.micros)) {
            return None;
        }
        let mask = Mask(mask);
        let has_one_only = mask.clone().filter(|each| matches!(each, Excluded::OthersThan(_))).nth(1).is_none();
        let content = Content::read(kind, &mut cursor)?;
        let fits = match (&to, &content) {
            (Address::Rooms(rooms), Content::Frames(frames)) => rooms.clone().all(|(_, body)| body < frames.len()),
            (_, Content::Frames(_)) => false,
            (Address::Room(_) | Address::All, Content::Value { .. }) => newest.is_some(),
            (Address::Room(_) | Address::All, Content::Ask { .. }) => true,
            (_, Content::Value { .. } | Content::Ask { .. }) => false,
            (Address::Rooms(rooms), _) => rooms.clone().all(|(_, body)| body == 0),
            _ => true,
        };
        (has_one_only && fits && cursor.is_empty()).then_some(Self { channel, to, class, newest, mask, content })
    }
}

/// To whom a record is, as [`Destination`](super::Destination).
#[derive(Clone, Debug)]
pub(crate) enum Address<'a> {
    All,
    Room(&'a str),
    /// Each with the place of its frame among [`Content::Frames`].
    Rooms(List<'a, (&'a str, usize)>),
    Users(List<'a, &'a str>),
    Connection(ConnectionId),
    User(&'a str),
    Nodes,
}

impl<'a> Address<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Option<Self> {
        Some(match cursor.u8()? {
            tag::TO_ALL => Self::All,
            tag::TO_ROOM => Self::Room(cursor.name()?),
            tag::TO_ROOMS => {
                Self::Rooms(List::read(cursor, |cursor| Some((cursor.name()?, cursor.varint()? as usize)))?)
            }
            tag::TO_USERS => Self::Users(List::read(cursor, Cursor::name)?),
            tag::TO_CONNECTION => Self::Connection(cursor.connection()?),
            tag::TO_USER => Self::User(cursor.name()?),
            tag::TO_NODES => Self::Nodes,
            _ => return None,
        })
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Content<'a> {
    Frame {
        opcode: Opcode,
        plain: &'a [u8],
        compressed: Option<Compressed<&'a [u8]>>,
    },
    /// Only behind [`Address::Rooms`].
    Frames(List<'a, (Opcode, &'a [u8])>),
    Topical {
        before: &'a str,
        after: &'a str,
        has_place: bool,
    },
    Close {
        code: Option<CloseCode>,
        reason: &'a str,
    },
    /// To the room of this path.
    Move(&'a str),
    Notice {
        handler: &'a str,
        json: &'a [u8],
    },
    Join(&'a str),
    Leave(&'a str),
    Forget {
        of: TypeHash,
        stamp: Stamp,
        key: &'a str,
    },
    Question {
        id: u64,
        #[cfg_attr(not(any(test, fuzzing)), expect(dead_code, reason = "this version answers at once"))]
        timeout_ms: u32,
        what: Question<&'a str>,
    },
    Answer {
        id: u64,
        json: &'a [u8],
    },
    Hello(&'a [u8]),
    Bye,
    /// Only to one room, or all.
    Ask {
        digest: u64,
    },
    /// Likewise, and never without its [`ValueRef`].
    Value {
        node: u64,
        opcode: Opcode,
        plain: &'a [u8],
    },
}

impl<'a> Content<'a> {
    fn read(kind: u8, cursor: &mut Cursor<'a>) -> Option<Self> {
        Some(match kind {
            tag::FRAME => {
                let (opcode, bits) = flags(cursor)?;
                let plain = cursor.bytes()?;
                let compressed = bits.map(|bits| Compressed { bits, payload: cursor.rest() });
                Self::Frame { opcode, plain, compressed }
            }
            tag::FRAMES => Self::Frames(List::read(cursor, |cursor| match flags(cursor)? {
                (opcode, None) => Some((opcode, cursor.bytes()?)),
                _ => None,
            })?),
            tag::TOPICAL => {
                let has_place = match cursor.u8()? {
                    0 => false,
                    tag::HAS_PLACE => true,
                    _ => return None,
                };
                Self::Topical { before: cursor.name()?, after: cursor.text()?, has_place }
            }
            tag::CLOSE => {
                let code = match cursor.u16()? {
                    0 => None,
                    code => Some(CloseCode::new(code)?),
                };
                Self::Close { code, reason: cursor.text()? }
            }
            tag::NOTICE => Self::Notice { handler: cursor.name()?, json: cursor.rest() },
            tag::JOIN => Self::Join(cursor.name()?),
            tag::LEAVE => Self::Leave(cursor.name()?),
            tag::FORGET => Self::Forget {
                of: TypeHash(cursor.u32()?),
                stamp: Stamp {
                    micros: cursor.u64().filter(|micros| Stamp::is_of_a_node(*micros))?,
                    node: cursor.u64()?,
                },
                key: cursor.text()?,
            },
            tag::QUESTION => Self::Question { id: cursor.u64()?, timeout_ms: cursor.u32()?, what: question(cursor)? },
            tag::ANSWER => Self::Answer { id: cursor.u64()?, json: cursor.rest() },
            tag::HELLO => Self::Hello(cursor.rest()),
            tag::BYE => Self::Bye,
            tag::ASK => Self::Ask { digest: cursor.u64()? },
            tag::VALUE => {
                let node = cursor.u64()?;
                match flags(cursor)? {
                    (opcode, None) => Self::Value { node, opcode, plain: cursor.rest() },
                    _ => return None,
                }
            }
            tag::MOVE => Self::Move(cursor.text().filter(|path| path.starts_with('/'))?),
            _ => return None,
        })
    }
}

fn flags(cursor: &mut Cursor<'_>) -> Option<(Opcode, Option<u8>)> {
    let flags = cursor.u8()?;
    let opcode = if flags & tag::BINARY == 0 { Opcode::Text } else { Opcode::Binary };
    match flags >> 1 {
        0 => Some((opcode, None)),
        bits @ 9..=15 => Some((opcode, Some(bits))),
        _ => None,
    }
}

fn question<'a>(cursor: &mut Cursor<'a>) -> Option<Question<&'a str>> {
    Some(match cursor.u8()? {
        tag::LEN => Question::Len,
        tag::MEMBERS => Question::Members,
        tag::DISCONNECT => Question::Disconnect { code: CloseCode::new(cursor.u16()?)?, reason: cursor.text()? },
        _ => return None,
    })
}
