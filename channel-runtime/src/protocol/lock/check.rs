//! The comparison of the wire with the lock file, in constants: what was added, changed or removed.

use super::change::{self, About, Change, Verdict, same_path};
use super::fingerprint;
use super::hidden;
use super::line::{Entry, Line, starts};
use super::lines::Lines;
use super::locked::{Locked, MOST_LINES, answered};
use super::report::{Report, Text};
use super::section::{Lock, Section};
use super::types::{MAX, Types};
use crate::protocol::const_text::same;
use crate::protocol::describe::ChannelShape;

/// The error for a channel of the list that is not as in the lock. `None` if it is.
pub const fn channel(lock: &Lock, shape: &ChannelShape) -> Option<Text> {
    if !shape.is_whole {
        return None;
    }
    let mut report = Report::new();
    let lines = Lines::of_channel(shape);
    match find(lock, lines.header().as_str()) {
        Some(section) => compare(&mut report, section, lines),
        None => match find_path(lock, shape.pattern) {
            Some((section, pattern)) => {
                report.add(&["the path, in the lock `", pattern, "`,"], fine("has another name for a parameter"));
                compare(&mut report, section, lines);
            }
            None => report.add(&["the channel"], fine("is new")),
        },
    }
    report.text(lock, &["the wire of `", shape.name, "` (\"", shape.pattern, "\") is"])
}

/// The error for what belongs to no channel of the list: types, and removed channels. `None` if nothing changed.
pub const fn rest(lock: &Lock, channels: &[ChannelShape], types: &Types) -> Option<Text> {
    let mut at = 0;
    while at < channels.len() {
        if !channels[at].is_whole {
            return None;
        }
        at += 1;
    }
    if let Some((first, second)) = types.clash {
        let mut text = Text::new();
        text.push_all(&["two types are named `", first.name, "`, in `", first.module, "` and in `", second.module]);
        text.push("`, and the lock can't tell them apart\ngive one of them another name: `#[serde(rename = \"..\")]` on the type");
        return Some(text);
    }
    if types.too_many {
        let mut text = Text::new();
        text.push("a lock holds at most ");
        text.push_number(MAX);
        text.push(" types\nmake two lists of channels of this one");
        return Some(text);
    }
    if types.hides_some {
        return Some(hidden::places(lock.file, channels, types));
    }
    let mut report = Report::new();
    at = 0;
    while at < lock.sections.len() {
        let section = &lock.sections[at];
        if let Some(pattern) = starts(section.header, "channel ")
            && !has_path(channels, pattern)
        {
            let change = Change { verdict: Verdict::Breaks, text: "is gone" };
            report.add(&["the channel at \"", pattern, "\""], change);
        }
        at += 1;
    }
    let what = if report.is_empty() { "what stands in the messages is" } else { "the list of channels is" };
    let mut known = 0;
    at = 0;
    while let Some((definition, used)) = types.get(at) {
        let lines = Lines::of_type(definition, used);
        let header = lines.header();
        match find(lock, header.as_str()) {
            Some(section) => {
                known += 1;
                compare(&mut report, section, lines);
            }
            None => report.add(&["`", header.as_str(), "`"], fine("is new")),
        }
        at += 1;
    }
    if known < count_types(lock) {
        report.add(&["a type of the lock"], fine("is in no message any more"));
    }
    report.text(lock, &[what])
}

/// The place of a channel's section. Its path may have other names for parameters.
pub(super) fn place_of<T>(sections: &[T], header: fn(&T) -> &str, shape: &ChannelShape) -> Option<usize> {
    let pattern = |section: &T| starts(header(section), "channel ").map(str::to_owned);
    let exact = sections.iter().position(|section| pattern(section).is_some_and(|pattern| pattern == shape.pattern));
    let alike = || {
        sections.iter().position(|section| pattern(section).is_some_and(|pattern| same_path(&pattern, shape.pattern)))
    };
    exact.or_else(alike)
}

const fn fine(text: &'static str) -> Change {
    Change { verdict: Verdict::Fine, text }
}

const fn has_path(channels: &[ChannelShape], pattern: &str) -> bool {
    let mut at = 0;
    while at < channels.len() {
        if same_path(channels[at].pattern, pattern) {
            return true;
        }
        at += 1;
    }
    false
}

const fn find<'a>(lock: &Lock<'a>, header: &str) -> Option<&'a Section<'a>> {
    let mut at = 0;
    while at < lock.sections.len() {
        if same(lock.sections[at].header, header) {
            return Some(&lock.sections[at]);
        }
        at += 1;
    }
    None
}

const fn find_path<'a>(lock: &Lock<'a>, path: &str) -> Option<(&'a Section<'a>, &'a str)> {
    let mut at = 0;
    while at < lock.sections.len() {
        if let Some(pattern) = starts(lock.sections[at].header, "channel ")
            && same_path(pattern, path)
        {
            return Some((&lock.sections[at], pattern));
        }
        at += 1;
    }
    None
}

const fn count_types(lock: &Lock) -> usize {
    let (mut count, mut at) = (0, 0);
    while at < lock.sections.len() {
        if starts(lock.sections[at].header, "type ").is_some() {
            count += 1;
        }
        at += 1;
    }
    count
}

pub(super) const fn compare(report: &mut Report, section: &Section, wire: Lines) {
    // Usually nothing has changed, and the compiler compares two sums many times as fast as the lines.
    if section.sum == fingerprint::section(wire) {
        return;
    }
    let locked = Locked::new(section.lines);
    let mut seen = [false; MOST_LINES];
    report_new_and_changed(report, section, wire, &locked, &mut seen);
    report_removed(report, section, &locked, &seen);
}

const fn report_new_and_changed(
    report: &mut Report,
    section: &Section,
    wire: Lines,
    locked: &Locked,
    seen: &mut [bool; MOST_LINES],
) {
    let of_channel = section.is_channel();
    let (mut lines, mut line) = (wire, Line::new());
    let mut new_owner = Line::new();
    while lines.next(&mut line) {
        let new = Entry::read(line.as_str());
        match locked.find(new.key) {
            Some(at) => {
                seen[at] = true;
                if !same(locked.line(at), line.as_str()) {
                    let change = change::of_name(locked.names_another_kind(new.key));
                    report_changed(report, section, wire, Entry::read(locked.line(at)), new, line.as_str(), change);
                }
            }
            None if is_within(new_owner.as_str(), new.key) => {}
            None => {
                if new.about(of_channel).holds_others() {
                    new_owner.clear();
                    new_owner.push(new.key);
                }
                let renamed = was_renamed(locked, wire, &new);
                report.line(section, line.as_str(), "", change::added(new, of_channel, renamed));
            }
        }
    }
}

const fn report_changed(
    report: &mut Report,
    section: &Section,
    wire: Lines,
    old: Entry,
    new: Entry,
    line: &str,
    of_name: Change,
) {
    let of_channel = section.is_channel();
    let was = if same(old.value, new.value) { "" } else { old.value };
    let (mut old_answer, mut new_answer) = (Line::new(), Line::new());
    let (old, new) = match new.about(of_channel) {
        About::Message if !same(old.key, new.key) => {
            return report.add(&["`", line, "`, in the lock `", old.key, "`,"], of_name);
        }
        About::Answer => {
            old_answer.push_without_names(old.value);
            new_answer.push_without_names(new.value);
            (Entry { value: old_answer.as_str(), ..old }, Entry { value: new_answer.as_str(), ..new })
        }
        _ => (old, new),
    };
    // Only the name of a binary message is another one, which is reported once.
    if same(old.value, new.value) && old.optional == new.optional {
        return;
    }
    let change = match (new.read_as(), old.read_as()) {
        (Some(name), None) => change::renamed(old, read_by(wire, &new, name).as_str()),
        _ => change::changed(old, new, of_channel),
    };
    report.line(section, line, was, change);
}

const fn report_removed(report: &mut Report, section: &Section, locked: &Locked, seen: &[bool; MOST_LINES]) {
    let of_channel = section.is_channel();
    let mut removed_owner = "";
    let mut at = 0;
    while at < locked.len {
        if !seen[at] {
            let old = Entry::read(locked.line(at));
            if !is_within(removed_owner, old.key) && !locked.has_lost_message(old.key, seen) {
                if old.about(of_channel).holds_others() {
                    removed_owner = old.key;
                }
                report.line(section, locked.line(at), "", change::removed(old, of_channel));
            }
        }
        at += 1;
    }
}

const fn is_within(owner: &str, key: &str) -> bool {
    if owner.is_empty() {
        return false;
    }
    if let Some((direction, name)) = answered(key)
        && let Some(message) = starts(owner, direction)
    {
        return same(message, name);
    }
    match starts(key, owner) {
        Some(rest) => starts(rest, " ").is_some(),
        None => false,
    }
}

/// Whether a new field is also read by another name, which the lock has.
const fn was_renamed(locked: &Locked, wire: Lines, new: &Entry) -> bool {
    let (subject, field) = last_word(new.key);
    let (mut lines, mut line) = (wire, Line::new());
    while lines.next(&mut line) {
        let other = Entry::read(line.as_str());
        if let Some(meant) = other.read_as()
            && same(meant, field)
            && same(last_word(other.key).0, subject)
            && locked.find(other.key).is_some()
        {
            return true;
        }
    }
    false
}

const fn read_by(wire: Lines, alias: &Entry, name: &str) -> Line {
    let (subject, _) = last_word(alias.key);
    let (mut lines, mut line, mut found) = (wire, Line::new(), Line::new());
    while lines.next(&mut line) {
        let other = Entry::read(line.as_str());
        let (of, field) = last_word(other.key);
        if same(of, subject) && same(field, name) {
            found.push(other.value);
            break;
        }
    }
    found
}

const fn last_word(key: &str) -> (&str, &str) {
    let bytes = key.as_bytes();
    let mut at = bytes.len();
    while at > 0 && bytes[at - 1] != b' ' {
        at -= 1;
    }
    key.split_at(at)
}
