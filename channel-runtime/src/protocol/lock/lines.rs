//! An iterator over the lines of a section, which describes a channel or a type.

use super::contents::{Subject, content, variant};
use super::faults::fault;
use super::line::{Line, Written, direction};
use crate::protocol::delivery::Delivery;
use crate::protocol::describe::{AnswerKind, AnswerShape, ChannelShape, Definition, Kind, MessageShape, Tagging, Type};
use crate::protocol::subprotocols::{Otherwise, Subprotocols};

/// This holds no text, so that a constant costs little more than the lines themselves.
#[derive(Clone, Copy)]
pub struct Lines<'a> {
    of: Of<'a>,
    block: usize,
    item: usize,
}

#[derive(Clone, Copy)]
enum Of<'a> {
    Channel(&'a ChannelShape),
    Type(&'a Definition, Used),
}

/// The directions in which a type travels: `read` from clients, `written` to them.
#[derive(Clone, Copy)]
pub struct Used {
    pub read: bool,
    pub written: bool,
}

impl<'a> Lines<'a> {
    pub const fn of_channel(shape: &'a ChannelShape) -> Self {
        Self { of: Of::Channel(shape), block: 0, item: 0 }
    }

    pub const fn of_type(definition: &'a Definition, used: Used) -> Self {
        Self { of: Of::Type(definition, used), block: 0, item: 0 }
    }

    pub const fn header(&self) -> Line {
        let mut header = Line::new();
        match self.of {
            Of::Channel(shape) => {
                header.push("channel ");
                header.push(shape.pattern);
            }
            Of::Type(definition, _) => {
                header.push("type ");
                header.push_name(definition);
            }
        }
        header
    }

    /// Returns whether there was a line.
    pub const fn next(&mut self, line: &mut Line) -> bool {
        loop {
            line.clear();
            let written = match self.of {
                Of::Channel(shape) => channel(line, shape, self.block, self.item),
                Of::Type(definition, used) => definition_line(line, definition, used, self.block, self.item),
            };
            match written {
                Written::Line => {
                    self.item += 1;
                    return true;
                }
                Written::BlockDone => {
                    self.block += 1;
                    self.item = 0;
                }
                Written::Done => return false,
            }
        }
    }
}

const fn channel(line: &mut Line, shape: &ChannelShape, block: usize, item: usize) -> Written {
    let from_client = shape.from_client.len();
    match block {
        0 => {
            if item == shape.params.len() {
                return Written::BlockDone;
            }
            line.push("/ ");
            line.push_escaped(shape.params[item].name);
            line.push(": ");
            line.push_type(&shape.params[item].ty);
            Written::Line
        }
        1 => raw(line, true, shape.accepts_text, shape.accepts_binary, item),
        2 => raw(line, false, shape.sends_text, shape.sends_binary, item),
        _ if block - 3 < from_client => {
            let at = block - 3;
            let answer = if at < shape.answers.len() { Some(&shape.answers[at]) } else { None };
            message(line, &shape.from_client[at], answer, true, item)
        }
        _ if block - 3 - from_client < shape.to_client.len() => {
            let message_shape = &shape.to_client[block - 3 - from_client];
            // In another envelope a lock has never had it.
            match (&message_shape.answer, &shape.envelope, item) {
                (Some(answer), None, 1) => {
                    push_question(line, message_shape.wire_type, answer);
                    Written::Line
                }
                (Some(_), None, 2..) => message(line, message_shape, None, false, item - 1),
                _ => message(line, message_shape, None, false, item),
            }
        }
        _ => heading(line, shape, item),
    }
}

const fn raw(line: &mut Line, read: bool, text: bool, binary: bool, item: usize) -> Written {
    let what = match (item, text, binary) {
        (0, true, _) => "(text)",
        (0, false, true) | (1, true, true) => "(binary)",
        _ => return Written::BlockDone,
    };
    line.push(direction(read));
    line.push(what);
    Written::Line
}

const fn heading(line: &mut Line, shape: &ChannelShape, item: usize) -> Written {
    let mut before = 0;
    if let Some(envelope) = &shape.envelope {
        if item == 0 {
            line.push("(envelope): ");
            line.push_escaped(envelope.name);
            return Written::Line;
        }
        before += 1;
    }
    if shape.history.is_some() {
        if item == before {
            line.push("(history)");
            return Written::Line;
        }
        before += 1;
    }
    if let Some(presence) = &shape.presence {
        if item == before {
            line.push("(presence): ");
            line.push_type(&presence.seen);
            return Written::Line;
        }
        before += 1;
    }
    if item < before + shape.histories.len() {
        let (kind, _) = shape.histories[item - before];
        line.push("(history) ");
        line.push_escaped(kind);
        return Written::Line;
    }
    subprotocol(line, &shape.subprotocols, item - before - shape.histories.len())
}

/// Writes whether a client must offer one of the list, then a line for each name: their order is the client's.
const fn subprotocol(line: &mut Line, list: &Subprotocols, item: usize) -> Written {
    let is_required = !matches!(list.otherwise, Otherwise::Accept);
    let names = if is_required { 1 } else { 0 };
    if item >= names + list.names.len() {
        return Written::Done;
    }
    line.push("(subprotocol)");
    if item < names {
        line.push(": required");
    } else {
        line.push(" ");
        line.push_escaped(list.names[item - names]);
    }
    Written::Line
}

const fn message(
    line: &mut Line,
    shape: &MessageShape,
    answer: Option<&AnswerShape>,
    read: bool,
    item: usize,
) -> Written {
    if item == 0 {
        line.push(direction(read));
        line.push_message(shape.wire_type);
        return Written::Line;
    }
    let mut before = 1;
    if shape.idempotent {
        if item == before {
            line.push(direction(read));
            line.push_message(shape.wire_type);
            line.push(" (idempotent)");
            return Written::Line;
        }
        before += 1;
    }
    if !read && !shape.delivery.is_reliable() {
        if item == before {
            push_class(line, shape);
            return Written::Line;
        }
        before += 1;
    }
    if let Some(answer) = answer
        && !matches!(answer.kind, AnswerKind::Nothing | AnswerKind::Unknown)
    {
        if item == before {
            push_answer(line, shape.wire_type, answer);
            return Written::Line;
        }
        before += 1;
    }
    if let Some(answer) = answer
        && !answer.faults.is_empty()
    {
        match fault(line, shape.wire_type, answer, item - before) {
            Some(faults) => before += faults,
            None => return Written::Line,
        }
    }
    content(line, Subject::Message(shape.wire_type), &shape.content, read, item - before)
}

const fn push_class(line: &mut Line, shape: &MessageShape) {
    line.push("< ");
    line.push_message(shape.wire_type);
    line.push(" (class): ");
    match shape.delivery {
        Delivery::Latest { key, .. } => {
            line.push("latest");
            if let Some(key) = key {
                line.push("(");
                line.push_escaped(key);
                line.push(")");
            }
            if shape.delivery.every_ms() > 0 {
                line.push(" every ");
                line.push_number(shape.delivery.every_ms() as usize);
                line.push("ms");
            }
        }
        Delivery::Volatile | Delivery::Reliable => line.push("volatile"),
    }
}

const fn push_answer(line: &mut Line, wire_type: &str, answer: &AnswerShape) {
    line.push("< ");
    line.push_message(wire_type);
    line.push(" (answer): ");
    match &answer.kind {
        AnswerKind::One(wire_type) => line.push_message(wire_type),
        AnswerKind::OneOf(types) => {
            let mut at = 0;
            while at < types.len() {
                line.push(if at > 0 { " | " } else { "" });
                line.push_message(types[at]);
                at += 1;
            }
        }
        AnswerKind::Data(data) => {
            line.push("success ");
            match data {
                Some(data) => line.push_type(data),
                None => line.push("any"),
            }
        }
        AnswerKind::Binary => line.push("(binary)"),
        AnswerKind::Text => line.push("(text)"),
        AnswerKind::Nothing | AnswerKind::Unknown => {}
    }
    if answer.optional {
        line.push(" | nothing");
    }
}

/// What a client answers to a question.
const fn push_question(line: &mut Line, wire_type: &str, answer: &Type) {
    line.push("> ");
    line.push_message(wire_type);
    line.push(" (answer): success ");
    line.push_type(answer);
}

const fn definition_line(line: &mut Line, of: &Definition, used: Used, block: usize, item: usize) -> Written {
    let blocks = match &of.kind {
        Kind::Struct(_) => 1,
        Kind::Enum { variants, .. } => 1 + variants.len(),
    };
    let read = used.read && block < blocks;
    let block = match () {
        () if read => block,
        () if !used.written => return Written::Done,
        () if used.read => block - blocks,
        () => block,
    };
    match &of.kind {
        _ if block >= blocks => Written::Done,
        Kind::Struct(holds) => content(line, Subject::Type, holds, read, item),
        Kind::Enum { tagging, .. } if block == 0 => {
            if item > 0 {
                return Written::BlockDone;
            }
            line.push(direction(read));
            match tagging {
                Tagging::External => line.push("|: external"),
                Tagging::Internal(tag) => {
                    line.push("|: internal ");
                    line.push_escaped(tag);
                }
                Tagging::Adjacent { tag, content } => {
                    line.push("|: adjacent ");
                    line.push_escaped(tag);
                    line.push(" ");
                    line.push_escaped(content);
                }
                Tagging::Untagged => line.push("|: untagged"),
            }
            Written::Line
        }
        Kind::Enum { variants, .. } => variant(line, &variants[block - 1], read, item),
    }
}
