//! Names of types for a language with one namespace, where Rust has modules and type arguments.

use std::collections::{BTreeMap, BTreeSet};

use crate::protocol::describe::{TypeDefinition, TypeDescription};

/// A name that something should have.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// The name of Rust.
    pub name: String,
    /// In what it stands, the nearest first: a type's modules, or a message's channel. Empty if it keeps the name at a clash.
    pub within: Vec<String>,
    /// The endings with which the name has to be free too.
    pub endings: &'static [&'static str],
}

/// A name for each, in the same order, no two of them equal and none reserved.
///
/// A reserved name ends with `_`. Two of one name get what they stand in before it, as much of that as distinguishes them; if nothing
/// does, the second one has a number behind it.
pub(super) fn assign(wanted: &[Wanted], is_reserved: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let is_same = |one: &Wanted, other: &Wanted| one.name == other.name;
    let names = wanted.iter().map(|each| {
        let group: Vec<_> = wanted.iter().filter(|other| is_same(each, other)).collect();
        let mut name = qualified(each, &group);
        if each.endings.iter().any(|ending| is_reserved(&format!("{name}{ending}"))) {
            name.push('_');
        }
        let mut numbered = name.clone();
        let mut number = 1;
        while each.endings.iter().any(|ending| taken.contains(&format!("{numbered}{ending}"))) {
            number += 1;
            numbered = format!("{name}{number}");
        }
        taken.extend(each.endings.iter().map(|ending| format!("{numbered}{ending}")));
        numbered
    });
    names.collect()
}

fn qualified(each: &Wanted, group: &[&Wanted]) -> String {
    let prefix = |of: &Wanted, depth: usize| of.within.iter().take(depth).rev().cloned().collect::<String>();
    let distinct = |depth: usize| group.iter().map(|other| prefix(other, depth)).collect::<BTreeSet<_>>().len();
    let deepest = group.iter().map(|other| other.within.len()).max().unwrap_or(0);
    let most = distinct(deepest);
    if group.len() == 1 || most == 1 {
        return each.name.clone();
    }
    let depth = (1..=deepest).find(|&depth| distinct(depth) == most).unwrap_or(deepest);
    format!("{}{}", prefix(each, depth), each.name)
}

/// The name of a definition with its arguments: `PageItem` for `Page<Item>`. `key` is that of the description's `types`.
pub(super) fn of_definition(key: &str, types: &BTreeMap<String, TypeDefinition>) -> String {
    let Some(definition) = types.get(key).filter(|definition| !definition.name.is_empty()) else { return bare(key) };
    let mut name = identifier(&definition.name);
    definition.arguments.iter().for_each(|argument| push_argument(&mut name, argument, types));
    name
}

/// The modules of a definition as they may stand before its name, the nearest first.
pub(super) fn modules(key: &str, definition: &TypeDefinition) -> Vec<String> {
    let path = if definition.module.is_empty() { key.split('<').next().unwrap_or("") } else { &definition.module };
    let mut modules: Vec<_> = path.split("::").map(pascal_case).collect();
    if definition.module.is_empty() {
        modules.pop();
    }
    modules.reverse();
    modules
}

fn push_argument(name: &mut String, argument: &TypeDescription, types: &BTreeMap<String, TypeDefinition>) {
    match argument {
        TypeDescription::Json => name.push_str("Json"),
        TypeDescription::Null => name.push_str("Unit"),
        TypeDescription::Bool => name.push_str("Bool"),
        TypeDescription::Integer { signed, bits } => {
            name.push(if *signed { 'I' } else { 'U' });
            name.push_str(&bits.to_string());
        }
        TypeDescription::Float { bits } => name.push_str(&format!("F{bits}")),
        TypeDescription::Text { format: None } => name.push_str("String"),
        TypeDescription::Text { format: Some(format) } => name.push_str(&pascal_case(format)),
        TypeDescription::Literal { value } => name.push_str(&pascal_case(value)),
        TypeDescription::Nullable { inner } => {
            name.push_str("Option");
            push_argument(name, inner, types);
        }
        TypeDescription::List { items } => {
            name.push_str("List");
            push_argument(name, items, types);
        }
        TypeDescription::Array { items, len } => {
            name.push_str(&format!("Array{len}"));
            push_argument(name, items, types);
        }
        TypeDescription::Tuple { items } => items.iter().for_each(|item| push_argument(name, item, types)),
        TypeDescription::Record { key, value } => {
            name.push_str("Map");
            push_argument(name, key, types);
            push_argument(name, value, types);
        }
        TypeDescription::Named { name: key } => name.push_str(&of_definition(key, types)),
        TypeDescription::Opaque { name: written } => name.push_str(&pascal_case(written)),
    }
}

/// `PageItem` for `game::Page<other::Item>`.
fn bare(key: &str) -> String {
    let parts = key.split(['<', '>', ',', ' ']).filter(|part| !part.is_empty());
    parts.map(|part| identifier(part.rsplit("::").next().unwrap_or(part))).collect()
}

/// A name of Rust as it is; one of `#[serde(rename)]` may have to change.
pub(super) fn identifier(name: &str) -> String {
    let is_first = |char: char| char.is_uppercase() || char == '_';
    let goes_on = |char: char| char.is_alphanumeric() || char == '_';
    let is_name = name.starts_with(is_first) && name.chars().all(goes_on);
    if is_name { name.to_owned() } else { pascal_case(name) }
}

/// `JoinGame` for `join_game`, `join-game` or `join.game`; `_2d` for `2d`.
pub(super) fn pascal_case(text: &str) -> String {
    let mut name = String::new();
    let mut begins = true;
    for char in text.chars() {
        match char.is_alphanumeric() {
            true if begins => name.extend(char.to_uppercase()),
            true => name.push(char),
            false => {}
        }
        begins = !char.is_alphanumeric();
    }
    if !name.starts_with(char::is_alphabetic) {
        name.insert(0, '_');
    }
    name
}
