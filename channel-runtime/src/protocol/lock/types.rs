//! The named types that travel in messages, and in which directions.

use super::line::{Line, inner};
use super::lines::Used;
use crate::protocol::const_text::same;
use crate::protocol::describe::{AnswerKind, ChannelShape, Content, Definition, Kind, Type};

pub const MAX: usize = 1024;

/// All named types, each once.
#[derive(Clone, Copy)]
pub struct Types {
    found: [Option<(&'static Definition, Used)>; MAX],
    len: usize,
    /// Two types of the same name, which a lock can't tell apart.
    pub clash: Option<(&'static Definition, &'static Definition)>,
    /// Whether there are more types than a lock holds.
    pub too_many: bool,
    /// Whether the lock would know a type only by its name, and no attribute asked for that.
    pub hides_some: bool,
}

impl Types {
    /// The types in the messages of these channels.
    pub const fn of(channels: &[ChannelShape]) -> Self {
        let mut types = Self { found: [None; MAX], len: 0, clash: None, too_many: false, hides_some: false };
        let mut at = 0;
        while at < channels.len() {
            let channel = &channels[at];
            let mut message = 0;
            while message < channel.from_client.len() {
                types.add_in(&channel.from_client[message].content, true);
                message += 1;
            }
            message = 0;
            while message < channel.to_client.len() {
                types.add_in(&channel.to_client[message].content, false);
                if let (Some(answer), None) = (&channel.to_client[message].answer, &channel.envelope) {
                    types.add(answer, true);
                }
                message += 1;
            }
            if let Some(presence) = &channel.presence {
                types.add(&presence.seen, false);
            }
            let mut answer = 0;
            while answer < channel.answers.len() {
                if let AnswerKind::Data(Some(data)) = &channel.answers[answer].kind {
                    types.add(data, false);
                }
                let mut at = 0;
                while let Some(fault) = channel.answers[answer].fault(at) {
                    types.add_in(&fault.details, false);
                    at += 1;
                }
                answer += 1;
            }
            at += 1;
        }
        types
    }

    /// The type at this place, with the directions in which it travels. `None` behind the last one.
    pub const fn get(&self, index: usize) -> Option<(&'static Definition, Used)> {
        if index < self.len { self.found[index] } else { None }
    }

    const fn add(&mut self, ty: &Type, read: bool) {
        match ty {
            Type::Nullable(inner) | Type::List(inner) | Type::Array(inner, _) => self.add(inner, read),
            Type::Tuple(items) => self.add_all(items, read),
            Type::Record { key, value } => {
                self.add(key, read);
                self.add(value, read);
            }
            Type::Named(definition) => match inner(definition) {
                Some(content) => self.add_in(content, read),
                None => self.define(definition, read),
            },
            Type::Undescribed(_) | Type::WrittenBy(_) => self.hides_some = true,
            _ => {}
        }
    }

    const fn define(&mut self, definition: &'static Definition, read: bool) {
        let mut at = 0;
        while at < self.len {
            if let Some((other, used)) = &mut self.found[at]
                && same_name(other, definition)
            {
                if !same(other.module, definition.module) {
                    self.clash = Some((other, definition));
                }
                let known = if read { &mut used.read } else { &mut used.written };
                if *known {
                    return;
                }
                *known = true;
                break;
            }
            at += 1;
        }
        if at == MAX {
            self.too_many = true;
            return;
        }
        if at == self.len {
            self.found[at] = Some((definition, Used { read, written: !read }));
            self.len += 1;
        }
        match &definition.kind {
            Kind::Struct(content) => self.add_in(content, read),
            Kind::Enum { variants, .. } => {
                let mut at = 0;
                while at < variants.len() {
                    self.add_in(&variants[at].content, read);
                    at += 1;
                }
            }
        }
    }

    const fn add_in(&mut self, content: &Content, read: bool) {
        match content {
            Content::Unit => {}
            Content::As(ty) => self.add(ty, read),
            Content::Tuple(types) | Content::Plain { types, .. } => self.add_all(types, read),
            fields => {
                let mut at = 0;
                while let Some(field) = fields.field(at) {
                    let travels = if read { field.read } else { field.written };
                    if travels.is_some() {
                        self.add(&field.ty, read);
                    }
                    at += 1;
                }
            }
        }
    }

    const fn add_all(&mut self, types: &[Type], read: bool) {
        let mut at = 0;
        while at < types.len() {
            self.add(&types[at], read);
            at += 1;
        }
    }
}

const fn same_name(a: &Definition, b: &Definition) -> bool {
    if !same(a.name, b.name) || a.arguments.len() != b.arguments.len() {
        return false;
    }
    if a.arguments.is_empty() {
        return true;
    }
    let (mut left, mut right) = (Line::new(), Line::new());
    left.push_name(a);
    right.push_name(b);
    same(left.as_str(), right.as_str())
}
