//! The messages of `y-websocket`: numbers of seven bits a byte, the lowest first, and bytes behind their length.

use bytes::Bytes;
use serde::de::IgnoredAny;

/// A client repeats the entries of all whom it learns of, but a document has no more than these.
const MOST_ENTRIES: u64 = 10_000;
/// The largest whole number of which JavaScript knows that it is no other.
const MOST_NUMBER: u64 = (1 << 53) - 1;

const SYNC: u64 = 0;
const PRESENCE: u64 = 1;
const ASK_PRESENCE: u64 = 3;

/// The kinds of `SYNC`.
const ASK: u64 = 0;
const ANSWER: u64 = 1;
const UPDATE: u64 = 2;

pub enum Message<'a> {
    /// "Sync step 1": the state vector of what the sender has. It asks for the rest.
    Ask(&'a [u8]),
    /// "Sync step 2": the rest, as one update.
    Answer(&'a [u8]),
    Update(&'a [u8]),
    /// "Awareness": who is here, with their name, cursor and so on.
    Presence(Vec<Entry<'a>>),
    AskPresence,
    Other,
}

pub struct Entry<'a> {
    pub client: u64,
    /// Higher each time the client says something new of itself.
    pub clock: u64,
    /// JSON, which clients parse without a catch; `null` if the client is gone.
    pub state: &'a str,
}

impl<'a> Message<'a> {
    /// `None` if it is malformed.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let message = match reader.number()? {
            SYNC => match (reader.number()?, reader.bytes()?) {
                (ASK, version) => Self::Ask(version),
                (ANSWER, update) => Self::Answer(update),
                (UPDATE, update) => Self::Update(update),
                _ => return None,
            },
            PRESENCE => {
                let mut entries = Reader(reader.bytes()?);
                let count = entries.number().filter(|count| *count <= MOST_ENTRIES)?;
                Self::Presence((0..count).map(|_| entries.entry()).collect::<Option<_>>()?)
            }
            ASK_PRESENCE => Self::AskPresence,
            _ => return Some(Self::Other),
        };
        reader.0.is_empty().then_some(message)
    }

    pub fn to_bytes(&self) -> Bytes {
        let mut out = Vec::new();
        match self {
            Self::Ask(version) => write_sync(&mut out, ASK, version),
            Self::Answer(update) => write_sync(&mut out, ANSWER, update),
            Self::Update(update) => write_sync(&mut out, UPDATE, update),
            Self::Presence(entries) => {
                let mut list = Vec::new();
                write_number(&mut list, entries.len() as u64);
                for Entry { client, clock, state } in entries {
                    write_number(&mut list, *client);
                    write_number(&mut list, *clock);
                    write_bytes(&mut list, state.as_bytes());
                }
                write_number(&mut out, PRESENCE);
                write_bytes(&mut out, &list);
            }
            Self::AskPresence => write_number(&mut out, ASK_PRESENCE),
            Self::Other => {}
        }
        out.into()
    }
}

/// Whether an update has neither blocks nor deletions.
pub fn is_empty(update: &[u8]) -> bool {
    update == [0, 0]
}

/// The number that an update or a state vector begins with: how many clients it names. Each takes two bytes or more, so a count
/// that says otherwise is a lie, and nothing should be reserved for it.
pub fn is_count_possible(data: &[u8]) -> bool {
    Reader(data).number().is_some_and(|count| count <= data.len() as u64 / 2)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..53).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if *byte < 0x80 {
                return (number <= MOST_NUMBER).then_some(number);
            }
        }
        None
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn entry(&mut self) -> Option<Entry<'a>> {
        let (client, clock, state) = (self.number()?, self.number()?, str::from_utf8(self.bytes()?).ok()?);
        serde_json::from_str::<IgnoredAny>(state).ok()?;
        Some(Entry { client, clock, state })
    }
}

fn write_sync(out: &mut Vec<u8>, kind: u64, data: &[u8]) {
    write_number(out, SYNC);
    write_number(out, kind);
    write_bytes(out, data);
}

fn write_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}
