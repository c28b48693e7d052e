//! In which directions each named type travels.
//!
//! `protocol::lock` has the like for constants, within the compiler. This one reads a description, which may come from a file and has
//! what constants don't: faults and the answers to questions.

use std::collections::BTreeMap;

use crate::protocol::describe::{
    ContentDescription, Description, FieldDescription, TypeDefinition, TypeDescription, TypeShape, VariantDescription,
};

/// Seen from a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Direction {
    /// What a client sends, so that the server reads it.
    Said,
    /// What a client receives, so that the server has written it.
    Heard,
}

impl Direction {
    /// `None` if the field does not travel in this direction.
    pub fn key(self, field: &FieldDescription) -> Option<&str> {
        match self {
            Self::Said => field.read.as_deref(),
            Self::Heard => field.written.as_deref(),
        }
    }

    /// `None` if the variant does not travel in this direction.
    pub fn variant(self, variant: &VariantDescription) -> Option<&str> {
        match self {
            Self::Said => variant.read.as_deref(),
            Self::Heard => variant.written.as_deref(),
        }
    }
}

/// The directions of one type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Used {
    pub said: bool,
    pub heard: bool,
}

impl Used {
    pub fn mark(&mut self, direction: Direction) -> bool {
        let known = match direction {
            Direction::Said => &mut self.said,
            Direction::Heard => &mut self.heard,
        };
        !std::mem::replace(known, true)
    }

    pub fn contains(self, direction: Direction) -> bool {
        match direction {
            Direction::Said => self.said,
            Direction::Heard => self.heard,
        }
    }
}

/// The named types that are reached from texts, by their keys in [`Description::types`].
pub(super) struct Directions<'d> {
    types: &'d BTreeMap<String, TypeDefinition>,
    used: BTreeMap<&'d str, Used>,
}

impl<'d> Directions<'d> {
    pub fn of(description: &'d Description) -> Self {
        let mut directions = Self { types: &description.types, used: BTreeMap::new() };
        for channel in &description.channels {
            for message in channel.from_client.iter().filter(|message| message.kind.is_none()) {
                directions.content(&message.content, Direction::Said);
            }
            for message in channel.to_client.iter().filter(|message| message.kind.is_none()) {
                directions.content(&message.content, Direction::Heard);
                message.answer.iter().for_each(|answer| directions.ty(answer, Direction::Said));
            }
            channel.presence.iter().for_each(|presence| directions.ty(&presence.seen, Direction::Heard));
            for reply in channel.from_client.iter().filter_map(|message| message.reply.as_ref()) {
                reply.success.iter().for_each(|data| directions.ty(data, Direction::Heard));
                let details = reply.faults.iter().filter_map(|fault| fault.details.as_ref());
                details.for_each(|details| directions.content(details, Direction::Heard));
            }
        }
        directions
    }

    /// In the order of the keys.
    pub fn all(&self) -> impl Iterator<Item = (&'d str, &'d TypeDefinition, Used)> {
        self.used.iter().filter_map(|(&key, &used)| Some((key, self.types.get(key)?, used)))
    }

    fn content(&mut self, content: &'d ContentDescription, direction: Direction) {
        each_type(content, direction, &mut |ty| self.ty(ty, direction));
    }

    fn ty(&mut self, ty: &'d TypeDescription, direction: Direction) {
        each_name(ty, &mut |name| {
            let Some((key, definition)) = self.types.get_key_value(name) else { return };
            if self.used.entry(key).or_default().mark(direction) {
                each_type_of(&definition.shape, direction, &mut |ty| self.ty(ty, direction));
            }
        });
    }
}

/// Calls for each type in a definition that travels in this direction.
pub(super) fn each_type_of<'d>(shape: &'d TypeShape, direction: Direction, f: &mut dyn FnMut(&'d TypeDescription)) {
    match shape {
        TypeShape::Struct(content) => each_type(content, direction, f),
        TypeShape::Enum(of) => {
            let travel = of.variants.iter().filter(|variant| direction.variant(variant).is_some());
            travel.for_each(|variant| each_type(&variant.content, direction, f));
        }
    }
}

/// Calls for each type in a content that travels in this direction.
pub(super) fn each_type<'d>(
    content: &'d ContentDescription,
    direction: Direction,
    f: &mut dyn FnMut(&'d TypeDescription),
) {
    match content {
        ContentDescription::Unit => {}
        ContentDescription::As { ty } => f(ty),
        ContentDescription::Tuple { items } => items.iter().for_each(f),
        ContentDescription::Fields { fields, .. } => {
            fields.iter().filter(|field| direction.key(field).is_some()).for_each(|field| f(&field.ty));
        }
    }
}

/// Calls for each name of a definition in a type.
pub(super) fn each_name<'d>(ty: &'d TypeDescription, f: &mut dyn FnMut(&'d str)) {
    match ty {
        TypeDescription::Nullable { inner: items }
        | TypeDescription::List { items }
        | TypeDescription::Array { items, .. } => each_name(items, f),
        TypeDescription::Tuple { items } => items.iter().for_each(|item| each_name(item, f)),
        TypeDescription::Record { key, value } => [key, value].into_iter().for_each(|ty| each_name(ty, f)),
        TypeDescription::Named { name } => f(name),
        _ => {}
    }
}
