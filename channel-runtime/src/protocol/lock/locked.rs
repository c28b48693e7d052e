//! The lines of a locked section, with a search by key.

use std::cmp::Ordering;

use super::faults::{FAULT, of_fault};
use super::line::{Entry, Line, after, after_kind, ends, starts, until};
use crate::protocol::const_text::{compare, same};

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
        let Some((direction, name)) = answered(key) else { return false };
        let mut message = Line::new();
        message.push_all(&[direction, name]);
        match self.find(message.as_str()) {
            Some(at) => !seen[at],
            None => false,
        }
    }

    /// The line with this key. A binary message is known by its kind, so it may have another name in the lock.
    pub const fn find(&self, key: &str) -> Option<usize> {
        match self.find_exact(key) {
            None => self.find_by_kind(key),
            found => found,
        }
    }

    const fn find_exact(&self, key: &str) -> Option<usize> {
        let at = self.place(key);
        if at < self.len && same(Entry::read(self.line(at)).key, key) { Some(at) } else { None }
    }

    const fn find_by_kind(&self, key: &str) -> Option<usize> {
        let Some((kind, named)) = after_kind(after(key, b' ')) else { return None };
        let (direction, behind) = (until(key, b' '), named.split_at(until(named, b' ').len()).1);
        // An answer is to what a client says, and it may hear another message of the same kind.
        let mut message = Line::new();
        let is_answer = same(behind, " (answer)") || starts(behind, FAULT).is_some();
        message.push_all(&[if is_answer { ">" } else { direction }, " ", kind]);
        let mut at = self.place(message.as_str());
        while at < self.len
            && let Some(name) = starts(Entry::read(self.line(at)).key, message.as_str())
        {
            if until(name, b' ').len() == name.len() {
                let mut locked = Line::new();
                locked.push_all(&[direction, " ", kind, name, behind]);
                return self.find_exact(locked.as_str());
            }
            at += 1;
        }
        None
    }

    /// Whether the lock has the name of this binary message under another kind.
    pub const fn names_another_kind(&self, key: &str) -> bool {
        let Some((kind, named)) = after_kind(after(key, b' ')) else { return false };
        let mut at = 0;
        while at < self.len {
            let locked = Entry::read(self.line(at)).key;
            if same(until(locked, b' '), until(key, b' '))
                && let Some((other, name)) = after_kind(after(locked, b' '))
                && same(name, named)
                && !same(other, kind)
            {
                return true;
            }
            at += 1;
        }
        false
    }

    /// Binary search, because a channel may have a thousand lines, and each step costs compile time.
    const fn place(&self, key: &str) -> usize {
        let (mut from, mut to) = (0, self.len);
        while from < to {
            let middle = (from + to) / 2;
            match compare(Entry::read(self.line(middle)).key, key) {
                Ordering::Less => from = middle + 1,
                Ordering::Equal | Ordering::Greater => to = middle,
            }
        }
        from
    }
}

/// The direction of the message whose answer a key is about, and the message: `> ` and `move` of `< move (answer)` and of
/// `< move (fault) game.over`.
pub const fn answered(key: &str) -> Option<(&str, &str)> {
    if let Some(rest) = starts(key, "> ") {
        return match ends(rest, " (answer)") {
            Some(question) => Some(("< ", question)),
            None => None,
        };
    }
    let Some(rest) = starts(key, "< ") else { return None };
    match (ends(rest, " (answer)"), of_fault(rest)) {
        (Some(message), _) | (None, Some((message, _))) => Some(("> ", message)),
        (None, None) => None,
    }
}
