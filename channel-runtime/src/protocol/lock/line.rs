//! A line of a lock, and how names and types are written in it.

use crate::protocol::const_text::{ConstText, same};
use crate::protocol::describe::{Content, Definition, Kind, Type};

/// One line. What is beyond 1024 bytes is cut, and a change there is not seen.
pub type Line = ConstText<1024>;

/// What writing the line at a place found.
pub(super) enum Step {
    /// A line, which was written.
    Line,
    /// The block has no such line.
    BlockDone,
    /// The section has no such block.
    Done,
}

/// How a line begins: with the direction in which it travels.
pub(super) const fn direction(read: bool) -> &'static str {
    if read { "> " } else { "< " }
}

impl Line {
    /// A name from the wire, with `%` and its code for what means something in a line.
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

    /// The definition's name with its arguments.
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

    /// What has no keys of its own, written in its name's place.
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

/// What a type holds that is no object and no enum: on the wire it has no name, and in the lock it has no section.
pub const fn inner(definition: &Definition) -> Option<&Content> {
    match &definition.kind {
        Kind::Struct(Content::Fields { .. } | Content::Plain { .. }) | Kind::Enum { .. } => None,
        Kind::Struct(content) => Some(content),
    }
}

/// The bytes that are not for names; a table, for in a constant each step counts.
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

/// A line taken apart: `> move promote?: string`.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    /// All that says what it is about, without the `?`: `> move promote`.
    pub key: &'a str,
    /// May be missing.
    pub optional: bool,
    /// What stands behind the colon; empty where there is none.
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
        // A character of more bytes can't follow the colon in what we write, but in a file anything can.
        let value = if rest.is_char_boundary(skipped) { rest.split_at(skipped).1 } else { rest };
        Self { key, optional, value }
    }

    /// What the client says, not what is said to it.
    pub const fn is_read(&self) -> bool {
        self.key.is_empty() || self.key.as_bytes()[0] != b'<'
    }

    /// The words of the key behind the direction: `move` and `promote`.
    pub const fn words(&self) -> (&'a str, &'a str) {
        let rest = after(self.key, b' ');
        (until(rest, b' '), after(rest, b' '))
    }

    /// The field that this name is another one for, where it is one.
    pub const fn read_as(&self) -> Option<&'a str> {
        starts(self.value, "read as ")
    }
}

/// What stands before the first of this byte, a character of its own.
pub const fn until(text: &str, byte: u8) -> &str {
    text.split_at(place(text, byte)).0
}

/// What stands behind it.
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

/// The rest of a text that begins so.
pub const fn starts<'a>(text: &'a str, begin: &str) -> Option<&'a str> {
    if text.len() < begin.len() || !text.is_char_boundary(begin.len()) {
        return None;
    }
    let (first, rest) = text.split_at(begin.len());
    if same(first, begin) { Some(rest) } else { None }
}

/// What a text that ends so begins with.
pub const fn ends<'a>(text: &'a str, end: &str) -> Option<&'a str> {
    if text.len() < end.len() || !text.is_char_boundary(text.len() - end.len()) {
        return None;
    }
    let (rest, last) = text.split_at(text.len() - end.len());
    if same(last, end) { Some(rest) } else { None }
}
