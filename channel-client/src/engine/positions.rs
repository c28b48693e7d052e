//! Where the client is in the histories of its rooms: what it gives back after a loss, and what it has had already.

use std::cmp::Reverse;
use std::collections::HashMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// So many bytes of a query have all positions together: a proxy in front of the server has a bound for its line, too.
const MOST_BYTES: usize = 2048;

/// More have no place in so many bytes.
const MOST: usize = 100;

/// As a form's: all but what no part of a URL has a use for.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// By room, that of the path as an empty name.
#[derive(Debug, Default)]
pub(super) struct Positions {
    rooms: HashMap<String, Position>,
    joined: u64,
}

#[derive(Debug)]
struct Position {
    /// The server's, and opaque.
    at: String,
    /// The last message that was told of, or where a fresh one begins: the first messages behind it may be older.
    seq: u64,
    /// What is not above it was told of.
    had: u64,
    /// Counts up: the newest has the highest.
    joined: u64,
}

impl Positions {
    /// That of the path's room, which came with a page. What is none is not given back.
    pub fn of_page(position: &str) -> Self {
        let mut positions = Self::default();
        if let Some((at, seq)) = position.rsplit_once(':')
            && let Ok(seq) = seq.parse()
            && !at.is_empty()
        {
            positions.rooms.insert(String::new(), Position { at: at.to_owned(), seq, had: seq, joined: 0 });
        }
        positions
    }

    /// The client has joined a room, whose newest message has this number. It goes on where it was, or begins anew.
    pub fn joined(&mut self, room: &str, at: Option<String>, seq: u64, is_fresh: bool) {
        let before = self.rooms.remove(room).filter(|_| !is_fresh);
        let Some(at) = at else { return };
        let (seq, had) = before.map_or((seq, 0), |before| (before.seq, before.seq));
        self.joined += 1;
        self.rooms.insert(room.to_owned(), Position { at, seq, had, joined: self.joined });
        if self.rooms.len() > MOST {
            let declared = self.rooms.iter().filter(|(room, _)| !room.is_empty());
            let oldest = declared.min_by_key(|(_, position)| position.joined).map(|(room, _)| room.clone());
            self.rooms.remove(&oldest.unwrap_or_default());
        }
    }

    /// The client leaves the path's room for another one.
    pub fn move_on(&mut self) {
        self.rooms.remove("");
    }

    /// Counts a message of this number as told of. False if it was before.
    pub fn is_new(&mut self, room: &str, seq: u64) -> bool {
        let Some(position) = self.rooms.get_mut(room) else { return true };
        let is_new = seq > position.had;
        if is_new {
            (position.seq, position.had) = (seq, seq);
        }
        is_new
    }

    /// What is given back, as parameters of a query: the path's room first, then the newest that fit.
    pub fn query(&self) -> String {
        let mut all: Vec<_> = self.rooms.iter().collect();
        all.sort_by_key(|(room, position)| (!room.is_empty(), Reverse(position.joined)));
        let mut query = String::new();
        for (room, Position { at, seq, .. }) in all {
            let place = if room.is_empty() { "" } else { "@" };
            let value = format!("{at}:{seq}{place}{room}");
            let one = format!("&$resume={}", utf8_percent_encode(&value, ESCAPED));
            if query.len() + one.len() <= MOST_BYTES {
                query.push_str(&one);
            }
        }
        query
    }
}
