//! The comparison of two types as they are written in lines: whether one accepts every value of the other.

use super::line::{after, ends, starts};
use crate::protocol::const_text::same;

/// Whether every value written as `narrow` can be read as `wide`. `None` if a named type hides that.
pub const fn covers(wide: &str, narrow: &str) -> Option<bool> {
    if same(wide, narrow) || same(wide, "any") {
        return Some(true);
    }
    let (one, others) = alternatives(narrow);
    if !others.is_empty() {
        return match (covers(wide, one), covers(wide, others)) {
            (Some(true), Some(true)) => Some(true),
            (Some(false), _) | (_, Some(false)) => Some(false),
            _ => None,
        };
    }
    let (one, others) = alternatives(wide);
    if !others.is_empty() {
        return match (covers(one, narrow), covers(others, narrow)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        };
    }
    if let (Some(wide), Some(narrow)) = (starts(wide, "success "), starts(narrow, "success ")) {
        return covers(wide, narrow);
    }
    if let (Some(wide), Some(narrow)) = (bracketed(wide, "[", "]"), bracketed(narrow, "[", "]")) {
        let (wide_len, narrow_len) = (after_last(wide, ';'), after_last(narrow, ';'));
        if !wide_len.is_empty() && !same(wide_len, narrow_len) {
            return Some(false);
        }
        return covers(before_last(wide, ';'), before_last(narrow, ';'));
    }
    if let (Some(wide), Some(narrow)) = (starts(wide, "{string: "), starts(narrow, "{string: ")) {
        return match (ends(wide, "}"), ends(narrow, "}")) {
            (Some(wide), Some(narrow)) => covers(wide, narrow),
            _ => Some(false),
        };
    }
    if let (Some(wide), Some(narrow)) = (number(wide), number(narrow)) {
        return Some(wide.covers(narrow));
    }
    if same(wide, "string") && (starts(narrow, "string(").is_some() || starts(narrow, "\"").is_some()) {
        return Some(true);
    }
    if has_name(wide) || has_name(narrow) { None } else { Some(false) }
}

#[derive(Clone, Copy)]
struct Number {
    kind: u8,
    bits: usize,
}

impl Number {
    const fn covers(self, other: Self) -> bool {
        match (self.kind, other.kind) {
            (b'f', b'f') | (b'u', b'u') | (b'i', b'i') => self.bits >= other.bits,
            (b'i', b'u') => self.bits > other.bits,
            // The integers that a float holds exactly.
            (b'f', b'u' | b'i') => self.bits / 2 >= other.bits,
            _ => false,
        }
    }
}

const fn number(text: &str) -> Option<Number> {
    let bytes = text.as_bytes();
    if bytes.len() < 2 || !matches!(bytes[0], b'u' | b'i' | b'f') {
        return None;
    }
    let (mut at, mut bits) = (1, 0);
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() || at > 3 {
            return None;
        }
        bits = bits * 10 + (bytes[at] - b'0') as usize;
        at += 1;
    }
    Some(Number { kind: bytes[0], bits })
}

/// Whether a type of the user is in it: a word that is none of ours. Literal texts and formats of strings are not words.
const fn has_name(ty: &str) -> bool {
    let mut rest = ty;
    while !rest.is_empty() {
        let (word, behind) = rest.split_at(word_len(rest));
        rest = behind;
        if !(word.is_empty() || is_own(word)) {
            return true;
        }
        rest = match (starts(rest, "\""), starts(rest, "(")) {
            (Some(text), _) => after(text, b'"'),
            (_, Some(format)) if same(word, "string") => after(format, b')'),
            _ => behind_one(rest),
        };
    }
    false
}

const fn word_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() && (bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_' || !bytes[at].is_ascii()) {
        at += 1;
    }
    at
}

const fn is_own(word: &str) -> bool {
    const WORDS: [&str; 6] = ["any", "null", "bool", "string", "success", "nothing"];
    let mut at = 0;
    while at < WORDS.len() {
        if same(word, WORDS[at]) {
            return true;
        }
        at += 1;
    }
    word.as_bytes()[0].is_ascii_digit() || number(word).is_some()
}

/// The first byte belongs to no word and is therefore a whole character.
const fn behind_one(text: &str) -> &str {
    if text.is_empty() { text } else { text.split_at(1).1 }
}

const fn bracketed<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    match starts(text, open) {
        Some(rest) => ends(rest, close),
        None => None,
    }
}

/// The first alternative of `T | null`, and the rest. A bar in brackets belongs to an inner type.
const fn alternatives(ty: &str) -> (&str, &str) {
    let bytes = ty.as_bytes();
    let (mut at, mut depth) = (0, 0);
    while at + 2 < bytes.len() {
        match bytes[at] {
            b'[' | b'(' | b'{' | b'<' => depth += 1,
            b']' | b')' | b'}' | b'>' if depth > 0 => depth -= 1,
            b' ' if depth == 0 && bytes[at + 1] == b'|' && bytes[at + 2] == b' ' => {
                return (ty.split_at(at).0, ty.split_at(at + 3).1);
            }
            _ => {}
        }
        at += 1;
    }
    (ty, "")
}

/// The text before the `;` of an array's length. No inner type ends with a `;`.
const fn before_last(text: &str, byte: char) -> &str {
    match last_place(text, byte) {
        Some(at) => text.split_at(at).0,
        None => text,
    }
}

const fn after_last(text: &str, byte: char) -> &str {
    match last_place(text, byte) {
        Some(at) => text.split_at(at).1,
        None => "",
    }
}

const fn last_place(text: &str, byte: char) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = bytes.len();
    while at > 0 {
        at -= 1;
        if bytes[at] == byte as u8 {
            return Some(at);
        }
        if matches!(bytes[at], b']' | b')' | b'}') {
            return None;
        }
    }
    None
}
