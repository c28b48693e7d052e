//! All definitions of a description, with their names: what both documents are made of.

use std::collections::{BTreeMap, BTreeSet};

use super::frames;
use super::names::Names;
use super::printer::{Dialect, Printer};
use super::sample::Samples;
use crate::contract::directions::{Direction, Directions, Used};
use crate::contract::json::{Json, Object};
use crate::protocol::describe::{
    ChannelDescription, Description, FaultDescription, MessageDescription, ReplyDescription, TypeDescription,
};

/// A text message of a channel.
#[derive(Clone, Copy)]
pub struct Entry<'d> {
    pub channel: &'d ChannelDescription,
    pub message: &'d MessageDescription,
    pub direction: Direction,
    /// Equal for messages that are one definition.
    place: usize,
}

pub struct Document<'d> {
    pub description: &'d Description,
    names: Names,
    pub entries: Vec<Entry<'d>>,
    dialect: Dialect,
    definitions: &'static str,
}

impl<'d> Document<'d> {
    pub fn of(description: &'d Description, dialect: Dialect, definitions: &'static str) -> Self {
        let (entries, once) = messages(description);
        let names = Names::of(description, &once);
        Self { description, names, entries, dialect, definitions }
    }

    pub fn printer(&self) -> Printer<'_> {
        Printer {
            description: self.description,
            name: Box::new(|key, direction| self.names.of_type(key, direction)),
            dialect: self.dialect,
            definitions: self.definitions,
        }
    }

    /// The name of a message's definition.
    pub fn name(&self, entry: &Entry<'_>) -> String {
        self.names.of_message(entry.place, entry.direction)
    }

    /// Each named type in each direction in which it travels.
    pub fn types(&self) -> Object {
        let printer = self.printer();
        let mut types = Object::new();
        for (key, definition, used) in Directions::of(self.description).all() {
            for direction in [Direction::Heard, Direction::Said] {
                if used.contains(direction) {
                    types.set(&self.names.of_type(key, direction), printer.definition(definition, direction));
                }
            }
        }
        types.set("Ref", frames::reference());
        for (name, details) in self.details() {
            types.set(&name, details);
        }
        types
    }

    /// The messages of the channel in this direction, each with the name of its definition.
    pub fn messages(
        &self,
        channel: &ChannelDescription,
        direction: Direction,
    ) -> impl Iterator<Item = (String, Entry<'d>)> {
        let of_channel = move |entry: &&Entry<'_>| entry.channel.name == channel.name && entry.direction == direction;
        let named = |entry: &Entry<'d>| (self.name(entry), *entry);
        self.entries.iter().filter(of_channel).map(named)
    }

    /// Each message and each answer, with its name.
    pub fn frames(&self) -> Object {
        let printer = self.printer();
        let mut frames = Object::new();
        for entry in &self.entries {
            frames.set(
                &self.name(entry),
                printer
                    .message(entry.channel, entry.message, entry.direction)
                    .maybe("x-delivery", entry.message.delivery.class()),
            );
        }
        self.entries
            .iter()
            .filter_map(|entry| self.success(entry))
            .for_each(|(name, success)| frames.set(&name, success));
        if self.description.channels.iter().any(|channel| channel.envelope.is_none()) {
            frames.set("Success", printer.success());
            frames.set("Error", self.error());
        }
        frames
    }

    /// The answer with data to a message of a client, and its name. `None` if it has none.
    pub fn success(&self, entry: &Entry<'_>) -> Option<(String, Object)> {
        let answers = entry.channel.envelope.as_ref().is_none_or(|envelope| envelope.places.answers);
        if entry.direction == Direction::Heard || !answers {
            return None;
        }
        let printer = self.printer();
        let data = data(entry.message)?.map_or_else(Object::new, |data| printer.ty(data, Direction::Heard));
        let success = if entry.channel.envelope.is_none() { printer.success_with(data) } else { data };
        Some((format!("{}.success", operation_name(entry.channel, entry.message)), success))
    }

    fn error(&self) -> Object {
        let codes: BTreeSet<&str> = self.faults().map(|fault| fault.code.as_str()).collect();
        let mut details: BTreeMap<&str, Object> = BTreeMap::new();
        for fault in self.faults().filter(|fault| fault.details.is_some()) {
            details.insert(&fault.code, self.printer().reference_to(&fault_name(&fault.code)));
        }
        // A fault that has details somewhere and none elsewhere says nothing of them.
        for fault in self.faults().filter(|fault| fault.details.is_none()) {
            details.remove(fault.code.as_str());
        }
        self.printer().error(&Vec::from_iter(codes), &Vec::from_iter(details))
    }

    /// The schemas of the faults' details. Those of one code that differ are one choice.
    fn details(&self) -> BTreeMap<String, Object> {
        let mut found: BTreeMap<String, Vec<Object>> = BTreeMap::new();
        for fault in self.faults() {
            let Some(details) = self.printer().details(fault) else { continue };
            let known = found.entry(fault_name(&fault.code)).or_default();
            if !known.contains(&details) {
                known.push(details);
            }
        }
        let one = |mut details: Vec<Object>| match details.len() {
            1 => details.remove(0),
            _ => Object::new().with("anyOf", details),
        };
        found.into_iter().map(|(name, details)| (name, one(details))).collect()
    }

    pub fn faults(&self) -> impl Iterator<Item = &'d FaultDescription> + '_ {
        let replies = self.entries.iter().filter_map(|entry| entry.message.reply.as_ref());
        replies.flat_map(|reply| reply.faults.iter())
    }

    /// A value for a schema of this document.
    pub fn sample(&self, schema: &Object, definitions: &Object) -> Option<Json> {
        let resolve = |reference: &str| definitions.object(reference.strip_prefix(self.definitions)?).cloned();
        Samples { resolve: &resolve }.of(schema)
    }
}

/// The data of an answer: `Some(None)` if nothing is known of it, `None` if there is none.
pub fn data(message: &MessageDescription) -> Option<Option<&TypeDescription>> {
    match &message.reply {
        None => Some(None),
        Some(ReplyDescription { success, .. }) => success.as_ref().map(Some),
    }
}

/// `Game.history`.
pub fn operation_name(channel: &ChannelDescription, message: &MessageDescription) -> String {
    format!("{}.{}", channel.name, key(&message.wire_type))
}

pub fn fault_name(code: &str) -> String {
    format!("fault.{}", key(code))
}

/// The text as a key of a document: letters, digits, `.`, `_` and `-`.
fn key(text: &str) -> String {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '_' | '-');
    text.chars().map(|char| if is_plain(char) { char } else { '_' }).collect()
}

/// The text messages of all channels, and each of them once: a message that several channels have is one definition.
fn messages(description: &Description) -> (Vec<Entry<'_>>, Vec<(&ChannelDescription, &MessageDescription, Used)>) {
    let mut entries = Vec::new();
    let mut once: Vec<(&ChannelDescription, &MessageDescription, Used)> = Vec::new();
    for channel in &description.channels {
        let said = channel.from_client.iter().map(|message| (message, Direction::Said));
        let heard = channel.to_client.iter().map(|message| (message, Direction::Heard));
        for (message, direction) in said.chain(heard).filter(|(message, _)| message.kind.is_none()) {
            let known = once.iter().position(|(other, of, _)| is_same((channel, message), (other, of)));
            let place = known.unwrap_or_else(|| {
                once.push((channel, message, Used::default()));
                once.len() - 1
            });
            once[place].2.mark(direction);
            entries.push(Entry { channel, message, direction, place });
        }
    }
    (entries, once)
}

fn is_same(one: (&ChannelDescription, &MessageDescription), other: (&ChannelDescription, &MessageDescription)) -> bool {
    let frame = |channel: &ChannelDescription| (channel.envelope.is_some(), channel.rooms.is_empty());
    let (own, of) = (one.1, other.1);
    frame(one.0) == frame(other.0)
        && (&own.wire_type, &own.name, &own.docs, &own.content) == (&of.wire_type, &of.name, &of.docs, &of.content)
}
