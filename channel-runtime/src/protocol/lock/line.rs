//! One line of a lock file: how names and types are written in it, and how it is taken apart.

use crate::protocol::const_text::{ConstText, same};
use crate::protocol::describe::{Content, Definition, Kind, Type};
use crate::protocol::kind::BINARY;

/// One line. Text beyond 1024 bytes is cut; a change there is not noticed.
pub type Line = ConstText<1024>;

pub(super) enum Written {
    Line,
    BlockDone,
    Done,
}

pub(super) const fn direction(read: bool) -> &'static str {
    if read { "> " } else { "< " }
}

impl Line {
    /// Writes a name of the wire. A character with a meaning in lines becomes `%` and its code.
    pub const fn push_escaped(&mut self, name: &str) {
        let bytes = name.as_bytes();
        let mut at = 0;
        while at < bytes.len() && !MEANS_SOMETHING[bytes[at] as usize] {
            at += 1;
        }
        if at == bytes.len() {
            self.push(if name.is_empty() { "%" } else { name });
            return;
        }
        let (plain, special) = name.split_at(at);
        let (_, behind) = special.split_at(1);
        self.push(plain);
        self.push("%");
        self.push(hex(bytes[at] >> 4));
        self.push(hex(bytes[at] & 15));
        if !behind.is_empty() {
            self.push_escaped(behind);
        }
    }

    /// Writes a message's type. That of a binary message, `(binary 1) pixel`, stands as it is: no text's type begins so.
    pub const fn push_message(&mut self, wire_type: &str) {
        match starts(wire_type, BINARY) {
            Some(_) => self.push(wire_type),
            None => self.push_escaped(wire_type),
        }
    }

    /// Writes an answer without the names of binary messages: `(binary 1) | moved`.
    pub const fn push_without_names(&mut self, answer: &str) {
        let mut rest = answer;
        while !rest.is_empty() {
            if self.len() > 0 {
                self.push(" ");
            }
            (_, rest) = match after_kind(rest) {
                Some((kind, named)) => (self.push(kind.split_at(kind.len() - 1).0), after(named, b' ')),
                None => (self.push(until(rest, b' ')), after(rest, b' ')),
            };
        }
    }

    pub const fn push_name(&mut self, definition: &Definition) {
        self.push_escaped(definition.name);
        if !definition.arguments.is_empty() {
            self.push("<");
            self.push_types(definition.arguments);
            self.push(">");
        }
    }

    pub const fn push_type(&mut self, ty: &Type) {
        match ty {
            Type::Json => self.push("any"),
            Type::Null => self.push("null"),
            Type::Bool => self.push("bool"),
            Type::Integer { signed, bits } => {
                self.push(if *signed { "i" } else { "u" });
                self.push_number(*bits as usize);
            }
            Type::Float { bits } => {
                self.push("f");
                self.push_number(*bits as usize);
            }
            Type::Text { format: None } => self.push("string"),
            Type::Text { format: Some(format) } => {
                self.push("string(");
                self.push_escaped(format);
                self.push(")");
            }
            Type::Literal(text) => {
                self.push("\"");
                self.push_escaped(text);
                self.push("\"");
            }
            Type::Nullable(inner) => {
                self.push_type(inner);
                self.push(" | null");
            }
            Type::List(items) => {
                self.push("[");
                self.push_type(items);
                self.push("]");
            }
            Type::Array(items, len) => {
                self.push("[");
                self.push_type(items);
                self.push("; ");
                self.push_number(*len);
                self.push("]");
            }
            Type::Tuple(items) => {
                self.push("(");
                self.push_types(items);
                self.push(")");
            }
            Type::Record { key, value } => {
                self.push("{");
                self.push_type(key);
                self.push(": ");
                self.push_type(value);
                self.push("}");
            }
            Type::Named(definition) => match inner(definition) {
                Some(content) => self.push_inner(content),
                None => self.push_name(definition),
            },
            Type::Recursive(name) => self.push(name),
            Type::Opaque(name) | Type::Undescribed(name) | Type::WrittenBy(name) => {
                self.push_all(&["opaque ", name]);
            }
        }
    }

    const fn push_types(&mut self, types: &[Type]) {
        let mut at = 0;
        while at < types.len() {
            if at > 0 {
                self.push(", ");
            }
            self.push_type(&types[at]);
            at += 1;
        }
    }

    /// Writes a type that has no keys of its own, in place of its name.
    pub const fn push_inner(&mut self, content: &Content) {
        match content {
            Content::As(ty) => self.push_type(ty),
            Content::Tuple(items) => {
                self.push("(");
                self.push_types(items);
                self.push(")");
            }
            _ => self.push("null"),
        }
    }
}

/// The content of a type that is neither an object nor an enum, and so has no name on the wire and no section. `None` for others.
pub const fn inner(definition: &Definition) -> Option<&Content> {
    match &definition.kind {
        Kind::Struct(Content::Fields { .. } | Content::Plain { .. }) | Kind::Enum { .. } => None,
        Kind::Struct(content) => Some(content),
    }
}

/// The bytes that a name can't contain unescaped. This is a table, because each step in a constant costs compile time.
const MEANS_SOMETHING: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte <= b' ' {
        table[byte as usize] = true;
        byte += 1;
    }
    table[0x7f] = true;
    let (others, mut at) = (b"%:?|#()/*\"", 0);
    while at < others.len() {
        table[others[at] as usize] = true;
        at += 1;
    }
    table
};

const fn hex(digit: u8) -> &'static str {
    let (_, rest) = "0123456789ABCDEF".split_at(digit as usize);
    rest.split_at(1).0
}

/// A line taken apart, such as `> move promote?: string`.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    /// The key, without the `?`: `> move promote`.
    pub key: &'a str,
    pub optional: bool,
    /// The text behind the colon; empty if there is none.
    pub value: &'a str,
}

impl<'a> Entry<'a> {
    pub const fn read(line: &'a str) -> Self {
        let bytes = line.as_bytes();
        let mut at = 0;
        while at < bytes.len() && bytes[at] != b':' {
            at += 1;
        }
        let (mut key, rest) = line.split_at(at);
        let optional = at > 0 && bytes[at - 1] == b'?';
        if optional {
            key = key.split_at(at - 1).0;
        }
        let skipped = if rest.len() < 2 { rest.len() } else { 2 };
        // The colon may be followed by a longer character only in a file that was edited by hand.
        let value = if rest.is_char_boundary(skipped) { rest.split_at(skipped).1 } else { rest };
        Self { key, optional, value }
    }

    pub const fn is_read(&self) -> bool {
        self.key.is_empty() || self.key.as_bytes()[0] != b'<'
    }

    /// The words of the key behind the direction: `move` and `promote`.
    pub const fn words(&self) -> (&'a str, &'a str) {
        let rest = after(self.key, b' ');
        if !self.is_of_binary() {
            return (until(rest, b' '), after(rest, b' '));
        }
        // The type has a blank in it.
        let named = after(after(rest, b' '), b' ');
        let name = until(named, b' ');
        (rest.split_at(rest.len() - named.len() + name.len()).0, after(named, b' '))
    }

    /// Whether the line is about a binary message: `> (binary 1) pixel x`.
    pub const fn is_of_binary(&self) -> bool {
        starts(after(self.key, b' '), BINARY).is_some()
    }

    /// The field that this name is an alias of.
    pub const fn read_as(&self) -> Option<&'a str> {
        starts(self.value, "read as ")
    }
}

/// `(binary 1) ` and what follows. `None` if this does not begin with a binary message's type.
pub const fn after_kind(text: &str) -> Option<(&str, &str)> {
    match starts(text, BINARY) {
        Some(rest) => {
            let named = after(rest, b' ');
            Some((text.split_at(text.len() - named.len()).0, named))
        }
        None => None,
    }
}

/// The text before the first such byte, which is a character of its own.
pub const fn until(text: &str, byte: u8) -> &str {
    text.split_at(place(text, byte)).0
}

pub const fn after(text: &str, byte: u8) -> &str {
    let at = place(text, byte);
    let rest = text.split_at(at).1;
    if rest.is_empty() { rest } else { rest.split_at(1).1 }
}

const fn place(text: &str, byte: u8) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() && bytes[at] != byte {
        at += 1;
    }
    at
}

/// `str::strip_prefix` in a constant.
pub const fn starts<'a>(text: &'a str, begin: &str) -> Option<&'a str> {
    if text.len() < begin.len() || !text.is_char_boundary(begin.len()) {
        return None;
    }
    let (first, rest) = text.split_at(begin.len());
    if same(first, begin) { Some(rest) } else { None }
}

/// `str::strip_suffix` in a constant.
pub const fn ends<'a>(text: &'a str, end: &str) -> Option<&'a str> {
    if text.len() < end.len() || !text.is_char_boundary(text.len() - end.len()) {
        return None;
    }
    let (rest, last) = text.split_at(text.len() - end.len());
    if same(last, end) { Some(rest) } else { None }
}
