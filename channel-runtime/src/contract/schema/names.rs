//! The names of definitions: one for a type whose schema is the same in both directions, else one for each.

use std::collections::{BTreeMap, BTreeSet};

use super::printer::{Dialect, Printer};
use crate::contract::directions::{Direction, Directions, Used, each_name, each_type_of};
use crate::contract::names::{Wanted, assign, identifier, modules, of_definition, pascal_case};
use crate::contract::typescript::words::is_reserved_type;
use crate::protocol::describe::{ChannelDescription, Description, MessageDescription};

/// The definitions of a document. The names are those of the TypeScript client, but for a type whose schema alone differs by direction.
pub struct Names {
    types: BTreeMap<String, String>,
    /// The types that are written differently than they are read.
    two: BTreeSet<String>,
    messages: Vec<NamedMessage>,
}

struct NamedMessage {
    name: String,
    used: Used,
}

/// Behind the name of what a client sends, if it receives another of that name.
const SAID: &str = "Said";
const ONE: &[&str] = &[""];
const BOTH: &[&str] = &["", SAID];
const CLASS: &[&str] = &["", "Protocol"];

/// The framework's definitions.
const OWN: [&str; 3] = ["Error", "Ref", "Success"];

impl Names {
    /// `messages` are those of all channels, each once, with the directions in which it travels.
    pub fn of(description: &Description, messages: &[(&ChannelDescription, &MessageDescription, Used)]) -> Self {
        let directions = Directions::of(description);
        let two = two_schemas(description, &directions);
        let class = |channel: &ChannelDescription| Wanted {
            name: identifier(&channel.name),
            within: Vec::new(),
            endings: CLASS,
        };
        let types = directions.all().map(|(key, definition, _)| Wanted {
            name: of_definition(key, &description.types),
            within: modules(key, definition),
            endings: if two.contains(key) { BOTH } else { ONE },
        });
        let message = |(channel, message, used): &(&ChannelDescription, &MessageDescription, Used)| Wanted {
            name: if message.name.is_empty() { pascal_case(&message.wire_type) } else { identifier(&message.name) },
            within: vec![pascal_case(&channel.name)],
            endings: if used.said && used.heard { BOTH } else { ONE },
        };
        let channels = description.channels.iter().map(class);
        let wanted: Vec<_> = channels.chain(types).chain(messages.iter().map(message)).collect();
        let mut names = assign(&wanted, &|name| OWN.contains(&name) || is_reserved_type(name)).into_iter();
        names.by_ref().take(description.channels.len()).for_each(drop);
        Self {
            types: directions.all().zip(names.by_ref()).map(|((key, ..), name)| (key.to_owned(), name)).collect(),
            messages: messages.iter().zip(names).map(|((.., used), name)| NamedMessage { name, used: *used }).collect(),
            two,
        }
    }

    pub fn of_type(&self, key: &str, direction: Direction) -> String {
        let name = self.types.get(key).map_or(key, String::as_str);
        if direction == Direction::Said && self.two.contains(key) { format!("{name}{SAID}") } else { name.into() }
    }

    /// The name of the message at this place.
    pub fn of_message(&self, place: usize, direction: Direction) -> String {
        let NamedMessage { name, used } = &self.messages[place];
        if direction == Direction::Said && used.heard { format!("{name}{SAID}") } else { name.clone() }
    }
}

/// The keys of the types that travel in both directions in two forms.
fn two_schemas(description: &Description, directions: &Directions<'_>) -> BTreeSet<String> {
    let name = Box::new(|key: &str, _| key.to_owned());
    let printer = Printer { description, name, dialect: Dialect::Draft2020, definitions: "" };
    let both: Vec<_> = directions.all().filter(|(.., used)| used.said && used.heard).collect();
    let schema = |definition, direction| printer.definition(definition, direction);
    let own = both
        .iter()
        .filter(|(_, of, _)| schema(of, Direction::Said) != schema(of, Direction::Heard))
        .map(|(key, ..)| (*key).to_owned());
    let mut two: BTreeSet<String> = own.collect();
    loop {
        let more: Vec<_> = both
            .iter()
            .filter(|(key, of, _)| {
                let mut reaches = false;
                for direction in [Direction::Said, Direction::Heard] {
                    each_type_of(&of.shape, direction, &mut |ty| {
                        each_name(ty, &mut |name| reaches |= two.contains(name))
                    });
                }
                reaches && !two.contains(*key)
            })
            .map(|(key, ..)| (*key).to_owned())
            .collect();
        if more.is_empty() {
            return two;
        }
        two.extend(more);
    }
}
