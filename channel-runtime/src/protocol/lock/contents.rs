//! The lines of the fields of a message, a type or a variant: one for each field, and one for each alias.

use super::line::{Line, Written, direction};
use crate::protocol::describe::{Content, Field, Type, Variant, plain_key};

#[derive(Clone, Copy)]
pub(super) enum Subject<'a> {
    Type,
    Message(&'a str),
    Variant(&'a str),
    /// The message that is answered, and the code.
    Fault(&'a str, &'a str),
}

pub(super) const fn variant(line: &mut Line, shape: &Variant, read: bool, item: usize) -> Written {
    let Some(name) = (if read { shape.read } else { shape.written }) else { return Written::BlockDone };
    let aliases = if read { shape.aliases.len() } else { 0 };
    if item > aliases {
        return content(line, Subject::Variant(name), &shape.content, read, item - aliases - 1);
    }
    line.push(direction(read));
    line.push("| ");
    if item > 0 {
        line.push_escaped(shape.aliases[item - 1]);
        line.push(": read as ");
    }
    line.push_escaped(name);
    if item == 0 && read && shape.other {
        line.push(": and all others");
    } else if item == 0 && shape.untagged {
        line.push(": untagged");
    }
    Written::Line
}

pub(super) const fn content(line: &mut Line, subject: Subject, content: &Content, read: bool, item: usize) -> Written {
    match content {
        Content::Unit => Written::BlockDone,
        Content::As(_) | Content::Tuple(_) => {
            if item > 0 {
                return Written::BlockDone;
            }
            push_subject(line, subject, read);
            line.push("..: ");
            line.push_inner(content);
            Written::Line
        }
        // Each field is one line. Most messages are like this, so it is kept short: each step costs compile time.
        Content::Plain { types, .. } if item == types.len() => Written::BlockDone,
        Content::Plain { texts, types } => {
            push_subject(line, subject, read);
            line.push(plain_key(texts, item));
            line.push(if read && matches!(types[item], Type::Nullable(_)) { "?: " } else { ": " });
            line.push_type(&types[item]);
            Written::Line
        }
        fields => {
            // Aliases are lines of their own, so a line is found by counting.
            let mut left = item;
            let mut at = 0;
            while let Some(shape) = fields.field(at) {
                let lines = field_lines(&shape, read);
                if left < lines {
                    push_subject(line, subject, read);
                    field(line, &shape, read, left);
                    return Written::Line;
                }
                left -= lines;
                at += 1;
            }
            if left == 0 && read && fields.is_closed() {
                push_subject(line, subject, read);
                line.push("*: no other keys");
                return Written::Line;
            }
            Written::BlockDone
        }
    }
}

/// How many lines there are.
pub(super) const fn content_lines(content: &Content, read: bool) -> usize {
    match content {
        Content::Unit => 0,
        Content::As(_) | Content::Tuple(_) => 1,
        Content::Plain { types, .. } => types.len(),
        fields => {
            let mut lines = if read && fields.is_closed() { 1 } else { 0 };
            let mut at = 0;
            while let Some(shape) = fields.field(at) {
                lines += field_lines(&shape, read);
                at += 1;
            }
            lines
        }
    }
}

const fn field_lines(shape: &Field, read: bool) -> usize {
    match (read, shape.read, shape.written) {
        (true, Some(_), _) => 1 + shape.aliases.len(),
        (false, _, Some(_)) => 1,
        _ => 0,
    }
}

const fn field(line: &mut Line, shape: &Field, read: bool, item: usize) {
    let (Some(key), optional) =
        (if read { (shape.read, shape.has_default) } else { (shape.written, shape.may_be_skipped) })
    else {
        return;
    };
    if item > 0 {
        line.push_escaped(shape.aliases[item - 1]);
        line.push(": read as ");
        line.push_escaped(key);
        return;
    }
    if shape.flat {
        line.push("..");
    }
    line.push_escaped(key);
    line.push(if optional { "?: " } else { ": " });
    line.push_type(&shape.ty);
}

const fn push_subject(line: &mut Line, subject: Subject, read: bool) {
    line.push(direction(read));
    match subject {
        Subject::Type => {}
        Subject::Message(name) => {
            line.push_message(name);
            line.push(" ");
        }
        Subject::Variant(name) => {
            line.push("| ");
            line.push_escaped(name);
            line.push(" ");
        }
        Subject::Fault(message, code) => {
            line.push_message(message);
            line.push(" (fault) ");
            line.push_escaped(code);
            line.push(" ");
        }
    }
}
