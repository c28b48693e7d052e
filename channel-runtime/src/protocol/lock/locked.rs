//! The lines of a locked section, with a search by key.

use std::cmp::Ordering;

use super::line::{Entry, Line, ends, starts};
use crate::protocol::const_text::compare;

/// If a changed section has more lines than this, the locked lines behind it are ignored, and the wire's lines are reported as new.
pub const MOST_LINES: usize = 8192;

/// In the order of the keys.
pub struct Locked<'a> {
    text: &'a str,
    places: [(usize, usize); MOST_LINES],
    pub len: usize,
}

impl<'a> Locked<'a> {
    pub const fn new(text: &'a str) -> Self {
        let mut lines = Self { text, places: [(0, 0); MOST_LINES], len: 0 };
        let bytes = text.as_bytes();
        let (mut from, mut at) = (0, 0);
        while at < bytes.len() && lines.len < MOST_LINES {
            if bytes[at] == b'\n' {
                lines.places[lines.len] = (from, at);
                lines.len += 1;
                from = at + 1;
            }
            at += 1;
        }
        lines
    }

    pub const fn line(&self, at: usize) -> &'a str {
        let (from, to) = self.places[at];
        self.text.split_at(to).0.split_at(from).1
    }

    /// Whether a key is about the answer to a message that was removed too. Such a line is before the line of the message.
    pub const fn has_lost_message(&self, key: &str, seen: &[bool; MOST_LINES]) -> bool {
        let Some(name) = answered(key) else { return false };
        let mut message = Line::new();
        message.push("> ");
        message.push(name);
        match self.find(message.as_str()) {
            Some(at) => !seen[at],
            None => false,
        }
    }

    /// Binary search, because a channel may have a thousand lines, and each step costs compile time.
    pub const fn find(&self, key: &str) -> Option<usize> {
        let (mut from, mut to) = (0, self.len);
        while from < to {
            let middle = (from + to) / 2;
            match compare(Entry::read(self.line(middle)).key, key) {
                Ordering::Equal => return Some(middle),
                Ordering::Less => from = middle + 1,
                Ordering::Greater => to = middle,
            }
        }
        None
    }
}

/// The message whose answer a key is about: `move` of `< move (answer)`.
pub const fn answered(key: &str) -> Option<&str> {
    match starts(key, "< ") {
        Some(rest) => ends(rest, " (answer)"),
        None => None,
    }
}
