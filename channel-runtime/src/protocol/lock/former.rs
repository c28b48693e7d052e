//! What a lock file knows of the wire that a channel had: which types travelled on it, and its fingerprint.

use std::collections::BTreeMap;

use super::change::About;
use super::fingerprint::sum_of_text;
use super::line::{Entry, after, starts};
use super::lines::Used;
use super::text::Written;

/// A channel of a lock file.
pub struct FormerChannel<'a> {
    sections: &'a [Written],
    channel: &'a Written,
    /// The types in its messages, by the headers of their sections, with the directions in which this channel had them.
    types: BTreeMap<&'a str, Used>,
}

impl<'a> FormerChannel<'a> {
    pub fn of(channel: &'a Written, sections: &'a [Written]) -> Self {
        let mut former = Self { sections, channel, types: BTreeMap::new() };
        let both = Used { read: true, written: true };
        former.find_in(&channel.lines, both, true);
        former
    }

    pub fn section(&self) -> &'a Written {
        self.channel
    }

    /// The lines of a type in these directions, as far as this channel had them. `None` if it did not have the type.
    pub fn type_lines(&self, header: &str, used: Used) -> Option<(Vec<&'a str>, Used)> {
        let known = self.types.get(header)?;
        let both = Used { read: used.read && known.read, written: used.written && known.written };
        Some((self.lines_of(header, both), both))
    }

    /// As the channel itself would compute it: `fingerprint::sum` of it alone.
    pub fn fingerprint(&self) -> u64 {
        let channel = sum_of_text(&self.channel.header, self.channel.lines.iter().map(String::as_str));
        let types = self.types.iter().map(|(header, used)| sum_of_text(header, self.lines_of(header, *used)));
        types.fold(channel, u64::wrapping_add)
    }

    fn lines_of(&self, header: &str, used: Used) -> Vec<&'a str> {
        let section = self.sections.iter().find(|section| section.header == header);
        let lines = section.map_or(&[][..], |section| &section.lines).iter().map(String::as_str);
        lines.filter(|line| if line.starts_with('>') { used.read } else { used.written }).collect()
    }

    fn find_in(&mut self, lines: &'a [String], used: Used, of_channel: bool) {
        for line in lines {
            let entry = Entry::read(line);
            let value = match entry.about(of_channel) {
                About::Field | About::Content if entry.read_as().is_none() => entry.value,
                // Other answers are messages.
                About::Answer => starts(entry.value, "success ").unwrap_or_default(),
                _ => continue,
            };
            let direction = Used { read: used.read && entry.is_read(), written: used.written && !entry.is_read() };
            if direction.read || direction.written {
                self.find_in_type(value, direction);
            }
        }
    }

    fn find_in_type(&mut self, ty: &'a str, used: Used) {
        let mut rest = ty;
        while !rest.is_empty() {
            let (name, behind) = rest.split_at(name_len(rest));
            rest = behind;
            match name {
                "" if rest.starts_with('"') => rest = after(after(rest, b'"'), b'"'),
                "" => rest = rest.split_at(1).1,
                "string" if rest.starts_with('(') => rest = after(rest, b')'),
                // Its name is no type of the lock.
                "opaque" => rest = rest.trim_start().split_at(name_len(rest.trim_start())).1,
                _ => self.define(name, used),
            }
        }
    }

    fn define(&mut self, name: &str, used: Used) {
        let sections = self.sections;
        let Some(section) = sections.iter().find(|section| starts(&section.header, "type ") == Some(name)) else {
            return;
        };
        let known = self.types.entry(&section.header).or_insert(Used { read: false, written: false });
        let new = Used { read: used.read && !known.read, written: used.written && !known.written };
        if new.read || new.written {
            *known = Used { read: known.read || new.read, written: known.written || new.written };
            self.find_in(&section.lines, new, false);
        }
    }
}

/// The length of a name at the start, with its type arguments: `Page<Item>`.
fn name_len(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, char) in text.char_indices() {
        match char {
            '<' => depth += 1,
            '>' if depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            ' ' | '[' | ']' | '{' | '}' | '(' | ')' | ':' | ';' | ',' | '|' | '"' | '>' => return at,
            _ => {}
        }
    }
    text.len()
}
