//! What each channel, type and message is called in the generated file.

use std::collections::{BTreeMap, BTreeSet};

use super::forms::Expressions;
use super::words::is_reserved_type;
use crate::contract::directions::{Direction, Directions, Used, each_name, each_type_of};
use crate::contract::names::{Wanted, assign, identifier, modules, of_definition, pascal_case};
use crate::protocol::describe::{ContentDescription, Description, MessageDescription, TypeDefinition};

/// What a client sends, if it is not what it receives.
const SAID: &str = "Said";

const ONE: &[&str] = &[""];
const BOTH: &[&str] = &["", SAID];
const CLASS: &[&str] = &["", "Protocol"];

pub(super) struct Names<'d> {
    /// Of the classes, in the order of the channels.
    pub channels: Vec<String>,
    pub types: Vec<NamedType<'d>>,
    pub messages: Vec<NamedMessage<'d>>,
}

pub(super) struct NamedType<'d> {
    pub key: &'d str,
    pub definition: &'d TypeDefinition,
    name: String,
    used: Used,
    differs: bool,
}

/// A message, which several channels may have.
pub(super) struct NamedMessage<'d> {
    pub message: &'d MessageDescription,
    /// Whether its `type` stands among its keys.
    pub is_flat: bool,
    name: String,
    used: Used,
}

impl NamedType<'_> {
    /// Each name with the direction whose form it has.
    pub fn names(&self) -> Vec<(String, Direction)> {
        names(&self.name, self.used, self.differs)
    }
}

impl NamedMessage<'_> {
    pub fn names(&self) -> Vec<(String, Direction)> {
        names(&self.name, self.used, true)
    }

    fn is(&self, message: &MessageDescription, is_flat: bool) -> bool {
        let (own, other) = (self.message, message);
        self.is_flat == is_flat
            && own.wire_type == other.wire_type
            && own.name == other.name
            && own.docs == other.docs
            && own.content == other.content
    }
}

fn names(name: &str, used: Used, differs: bool) -> Vec<(String, Direction)> {
    match (used.heard, used.said) {
        (true, true) if differs => {
            vec![(name.to_owned(), Direction::Heard), (format!("{name}{SAID}"), Direction::Said)]
        }
        (true, _) => vec![(name.to_owned(), Direction::Heard)],
        _ => vec![(name.to_owned(), Direction::Said)],
    }
}

impl<'d> Names<'d> {
    pub fn of(description: &'d Description, bigint: bool) -> Self {
        let directions = Directions::of(description);
        let differing = differing(description, &directions, bigint);
        let mut messages = messages(description);
        let channels = description.channels.iter().map(|channel| Wanted {
            name: identifier(&channel.name),
            within: Vec::new(),
            endings: CLASS,
        });
        let types = directions.all().map(|(key, definition, used)| Wanted {
            name: of_definition(key, &description.types),
            within: modules(key, definition),
            endings: if used.said && used.heard && differing.contains(key) { BOTH } else { ONE },
        });
        let wanted: Vec<_> = channels.chain(types).chain(messages.iter().map(|(_, wanted)| wanted.clone())).collect();
        let mut names = assign(&wanted, &is_reserved_type).into_iter();
        Self {
            channels: names.by_ref().take(description.channels.len()).collect(),
            types: directions
                .all()
                .zip(names.by_ref())
                .map(|((key, definition, used), name)| NamedType {
                    key,
                    definition,
                    name,
                    used,
                    differs: differing.contains(key),
                })
                .collect(),
            messages: {
                messages.iter_mut().zip(names).for_each(|((message, _), name)| message.name = name);
                messages.into_iter().map(|(message, _)| message).collect()
            },
        }
    }

    /// By key and direction.
    pub fn of_types(&self) -> BTreeMap<(&'d str, Direction), String> {
        let mut all = BTreeMap::new();
        for ty in &self.types {
            for (name, direction) in ty.names() {
                if !ty.differs {
                    all.insert((ty.key, Direction::Heard), name.clone());
                    all.insert((ty.key, Direction::Said), name);
                } else {
                    all.insert((ty.key, direction), name);
                }
            }
        }
        all
    }

    /// `{}` for a message that has nothing in it.
    pub fn message(&self, message: &MessageDescription, is_flat: bool, direction: Direction) -> String {
        let found = self.messages.iter().find(|named| named.is(message, is_flat) && named.used.contains(direction));
        let name = found.and_then(|named| named.names().into_iter().find(|(_, of)| *of == direction));
        name.map_or_else(|| "{}".to_owned(), |(name, _)| name)
    }
}

fn messages(description: &Description) -> Vec<(NamedMessage<'_>, Wanted)> {
    let mut found: Vec<(NamedMessage<'_>, Wanted)> = Vec::new();
    for channel in &description.channels {
        let is_flat = channel.envelope.is_none();
        let said = channel.from_client.iter().map(|message| (message, Direction::Said));
        let heard = channel.to_client.iter().map(|message| (message, Direction::Heard));
        for (message, direction) in said.chain(heard).filter(|(message, _)| message.kind.is_none()) {
            if is_empty(&message.content, direction) && !(is_flat && direction == Direction::Heard) {
                continue;
            }
            let at = found.iter().position(|(named, _)| named.is(message, is_flat)).unwrap_or_else(|| {
                let name =
                    if message.name.is_empty() { pascal_case(&message.wire_type) } else { identifier(&message.name) };
                let wanted = Wanted { name, within: vec![pascal_case(&channel.name)], endings: ONE };
                let named = NamedMessage { message, is_flat, name: String::new(), used: Used::default() };
                found.push((named, wanted));
                found.len() - 1
            });
            let (named, wanted) = &mut found[at];
            named.used.mark(direction);
            if named.used.said && named.used.heard {
                wanted.endings = BOTH;
            }
        }
    }
    found
}

fn is_empty(content: &ContentDescription, direction: Direction) -> bool {
    match content {
        ContentDescription::Unit => true,
        ContentDescription::Fields { fields, .. } => fields.iter().all(|field| direction.key(field).is_none()),
        _ => false,
    }
}

/// The types that a client sends in another form than it receives them, because of what is in them or in the types that they mention.
fn differing<'d>(description: &'d Description, directions: &Directions<'d>, bigint: bool) -> BTreeSet<&'d str> {
    let by_key = Expressions { types: &description.types, names: BTreeMap::new(), bigint };
    let form = |definition: &TypeDefinition, direction| by_key.definition("", definition, direction);
    let both: Vec<_> = directions.all().filter(|(_, _, used)| used.said && used.heard).collect();
    let mut differing: BTreeSet<&str> = BTreeSet::new();
    for (key, definition, _) in &both {
        if form(definition, Direction::Said) != form(definition, Direction::Heard) {
            differing.insert(key);
        }
    }
    loop {
        let before = differing.len();
        for (key, definition, _) in &both {
            let mut mentions = false;
            for direction in [Direction::Said, Direction::Heard] {
                each_type_of(&definition.shape, direction, &mut |ty| {
                    each_name(ty, &mut |name| mentions |= differing.contains(name));
                });
            }
            if mentions {
                differing.insert(key);
            }
        }
        if differing.len() == before {
            return differing;
        }
    }
}
