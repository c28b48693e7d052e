//! The error for types that a lock can't see into: a change within them could break clients unnoticed.

use super::line::Line;
use super::lines::Used;
use super::report::Text;
use super::types::Types;
use crate::protocol::const_text::same;
use crate::protocol::describe::{AnswerKind, ChannelShape, Content, Kind, MessageShape, Type};

/// If the text is longer than this, further places are only counted.
const ENOUGH: usize = 2048;

const READ: Used = Used { read: true, written: false };

const WRITTEN: Used = Used { read: false, written: true };

pub const fn places(file: &str, channels: &[ChannelShape], types: &Types) -> Text {
    let mut places = Places { text: Text::new(), unsaid: 0 };
    let text = &mut places.text;
    text.push_all(&["`", file, "` would not see a change of these types, which are not `Describe`"]);
    let mut at = 0;
    while at < channels.len() {
        places.messages(channels[at].from_client, READ);
        places.messages(channels[at].to_client, WRITTEN);
        places.answers(&channels[at]);
        if let Some(presence) = &channels[at].presence {
            places.ty("in what is seen of who is present", "", &presence.seen, WRITTEN);
        }
        at += 1;
    }
    at = 0;
    while let Some((definition, used)) = types.get(at) {
        let mut name = Line::new();
        name.push_all(&["in `", definition.name, "`"]);
        match &definition.kind {
            Kind::Struct(content) => places.content(name.as_str(), content, used),
            Kind::Enum { variants, .. } => {
                let mut variant = 0;
                while variant < variants.len() {
                    let shape = &variants[variant];
                    let mut name = Line::new();
                    let known = either(shape.written, shape.read);
                    name.push_all(&["in `", definition.name, "`, `", known, "`"]);
                    places.content(name.as_str(), &shape.content, used);
                    variant += 1;
                }
            }
        }
        at += 1;
    }
    let Places { mut text, unsaid } = places;
    if unsaid > 0 {
        text.push("\n  and ");
        text.push_number(unsaid);
        text.push(" more");
    }
    text.push(
        "\nthe derive is `#[derive(channel_runtime::describe::Describe)]`; for a type that can't have it a field says what it is on the \
         wire, `#[describe(as = String)]`, or that the lock is not to see it, `#[describe(opaque)]`",
    );
    text
}

struct Places {
    text: Text,
    unsaid: usize,
}

impl Places {
    const fn messages(&mut self, messages: &[MessageShape], used: Used) {
        let mut at = 0;
        while at < messages.len() {
            let mut name = Line::new();
            name.push_all(&["in the message \"", messages[at].wire_type, "\""]);
            self.content(name.as_str(), &messages[at].content, used);
            at += 1;
        }
    }

    const fn answers(&mut self, channel: &ChannelShape) {
        let mut question = 0;
        while question < channel.to_client.len() {
            if let (Some(answer), None) = (&channel.to_client[question].answer, &channel.envelope) {
                let mut name = Line::new();
                name.push_all(&["in the answer to \"", channel.to_client[question].wire_type, "\""]);
                self.ty(name.as_str(), "", answer, READ);
            }
            question += 1;
        }
        let mut at = 0;
        while at < channel.answers.len() {
            if let AnswerKind::Data(Some(data)) = &channel.answers[at].kind {
                let mut name = Line::new();
                name.push_all(&["in the answer to \"", channel.from_client[at].wire_type, "\""]);
                self.ty(name.as_str(), "", data, WRITTEN);
            }
            let mut fault = 0;
            while let Some(kind) = channel.answers[at].fault(fault) {
                let mut name = Line::new();
                name.push_all(&["in the fault \"", kind.code, "\""]);
                self.content(name.as_str(), &kind.details, WRITTEN);
                fault += 1;
            }
            at += 1;
        }
    }

    const fn content(&mut self, owner: &str, content: &Content, used: Used) {
        match content {
            Content::Unit => {}
            Content::As(ty) => self.ty(owner, "", ty, used),
            Content::Tuple(types) => self.all(owner, "", types, used),
            fields => {
                let mut at = 0;
                while let Some(field) = fields.field(at) {
                    if used.read && field.read.is_some() || used.written && field.written.is_some() {
                        self.ty(owner, either(field.read, field.written), &field.ty, used);
                    }
                    at += 1;
                }
            }
        }
    }

    const fn all(&mut self, owner: &str, field: &str, types: &[Type], used: Used) {
        let mut at = 0;
        while at < types.len() {
            self.ty(owner, field, &types[at], used);
            at += 1;
        }
    }

    /// Definitions have entries of their own.
    const fn ty(&mut self, owner: &str, field: &str, ty: &Type, used: Used) {
        match ty {
            Type::Nullable(inner) | Type::List(inner) | Type::Array(inner, _) => self.ty(owner, field, inner, used),
            Type::Tuple(items) => self.all(owner, field, items, used),
            Type::Record { key, value } => {
                self.ty(owner, field, key, used);
                self.ty(owner, field, value, used);
            }
            Type::Named(definition) => {
                if let Some(content) = super::line::inner(definition) {
                    let mut name = Line::new();
                    name.push_all(&["in `", definition.name, "`"]);
                    self.content(name.as_str(), content, used);
                }
            }
            Type::Undescribed(name) => self.add(owner, field, &["derive `Describe` on `", name, "`"]),
            Type::WrittenBy(functions) => {
                self.add(owner, field, &["say what `", functions, "` stands for: `#[describe(as = ..)]`"]);
            }
            _ => {}
        }
    }

    const fn add(&mut self, owner: &str, field: &str, remedy: &[&str]) {
        let mut line = Line::new();
        line.push_all(&["  ", owner]);
        if !field.is_empty() {
            line.push_all(&[", `", field, "`"]);
        }
        line.push(": ");
        line.push_all(remedy);
        if has_line(self.text.as_str(), line.as_str()) {
            return;
        }
        if self.text.len() > ENOUGH {
            self.unsaid += 1;
            return;
        }
        self.text.push_all(&["\n", line.as_str()]);
    }
}

const fn either(one: Option<&'static str>, other: Option<&'static str>) -> &'static str {
    match (one, other) {
        (Some(name), _) | (None, Some(name)) => name,
        (None, None) => "",
    }
}

const fn has_line(text: &str, line: &str) -> bool {
    let mut rest = text;
    while !rest.is_empty() {
        if same(super::line::until(rest, b'\n'), line) {
            return true;
        }
        rest = super::line::after(rest, b'\n');
    }
    false
}
