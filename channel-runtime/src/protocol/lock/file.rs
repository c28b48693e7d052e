//! The lock file: its text, and how it is rewritten when a change is accepted.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::check;
use super::line::{Entry, Line};
use super::lines::Lines;
use super::section::{Lock, Section};
use super::types::Types;
use crate::protocol::describe::ChannelShape;

/// The versions of the notation; locks of another one can't be compared. The macros, which read locks, have the same numbers. The
/// second one is written where it is needed, because releases that know the first alone do not read it.
const VERSIONS: [&str; 2] = ["version 1", "version 2"];

/// Whether the first version has no such line: one of an envelope or a subprotocol, or of what is no message but `(binary)`.
fn is_of_second(line: &str) -> bool {
    let about = line.strip_prefix("> ").or_else(|| line.strip_prefix("< ")).unwrap_or(line);
    about.starts_with('(') && about != "(binary)"
}

/// Sorted, so that the order of the source does not matter.
fn sections(channels: &[ChannelShape]) -> Vec<(String, Vec<String>)> {
    let types = Types::of(channels);
    let of_types = (0..).map_while(|at| types.get(at)).map(|(definition, used)| Lines::of_type(definition, used));
    let all = channels.iter().map(Lines::of_channel).chain(of_types);
    let mut sections: Vec<_> = all.map(|section| (section.header().as_str().to_owned(), lines(section))).collect();
    sections.sort();
    sections
}

fn lines(mut lines: Lines) -> Vec<String> {
    let (mut all, mut line) = (Vec::new(), Line::new());
    while lines.next(&mut line) {
        all.push(line.as_str().to_owned());
    }
    // The envelope is first, then subprotocols, then parameters in the order of the path; then what clients send, then what they receive; a message is before its fields.
    all.sort_by_cached_key(|line| match line.as_bytes()[0] {
        b'(' => (0, Entry::read(line).key.to_owned()),
        b'/' => (1, String::new()),
        b'>' => (2, Entry::read(line).key.to_owned()),
        _ => (3, Entry::read(line).key.to_owned()),
    });
    all
}

fn text(sections: &[(String, Vec<String>)]) -> String {
    let mut text = String::new();
    for (header, lines) in sections {
        text.push('\n');
        for line in std::iter::once(header).chain(lines) {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// Rewrites the lock if the environment asks for it. Then it ends the process, unless this is a unit test.
///
/// # Panics
/// If the file can't be read or written.
pub fn accept(channels: &[ChannelShape], path: &str, file: &str, command: &str, in_test: bool) {
    if std::env::var_os("CHANNELS_LOCK").is_none_or(|asked| asked != "accept") {
        return;
    }
    let said = rewrite(channels, Path::new(path), file, command)
        .unwrap_or_else(|error| panic!("`{file}` could not be rewritten: {error}"));
    // This bypasses the capture of a test's output. A closed stream is no reason to fail.
    let _ = io::stderr().write_all(said.as_bytes());
    if !in_test {
        std::process::exit(0);
    }
}

pub(super) fn rewrite(channels: &[ChannelShape], path: &Path, file: &str, command: &str) -> io::Result<String> {
    // The tests of one program run in parallel, and each may list the channels.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let old = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    let types = Types::of(channels);
    if types.clash.is_some() || types.too_many || types.hides_some {
        let lock = Lock { file, command, sections: &[] };
        let error = check::rest(&lock, channels, &types).map(|text| text.as_str().to_owned());
        return Err(io::Error::other(error.unwrap_or_default()));
    }
    let sections = sections(channels);
    let is_second = sections.iter().flat_map(|(_, lines)| lines).any(|line| is_of_second(line));
    let version = VERSIONS[usize::from(is_second)];
    let new = format!(
        "# What travels on the channels, as clients know it: `>` is what they say, `<` what they hear, `?` may be missing.\n\
         # Part of the source: commit it. Not to be edited, but to be accepted: {command}\n{version}\n{}",
        text(&sections)
    );
    if new == old {
        return Ok(format!("`{file}` says what the channels say: nothing to accept\n"));
    }
    // A rename replaces the file as a whole or not at all.
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    fs::write(&beside, &new)?;
    fs::rename(&beside, path)?;
    Ok(match read(&old) {
        Some(sections) => format!("`{file}` is written anew\n{}", changes(channels, &types, &sections, file, command)),
        None => format!("`{file}` is written\n"),
    })
}

fn changes(channels: &[ChannelShape], types: &Types, old: &[(&str, String)], file: &str, command: &str) -> String {
    let sections: Vec<Section> = old.iter().map(|(header, lines)| Section { header, lines, sum: 0 }).collect();
    let lock = Lock { file, command, sections: &sections };
    let found =
        channels.iter().filter_map(|shape| check::channel(&lock, shape)).chain(check::rest(&lock, channels, types));
    let texts = found.map(|text| {
        let (said, _) = text.as_str().rsplit_once('\n').unwrap_or((text.as_str(), ""));
        format!("{said}\n")
    });
    texts.collect()
}

/// For the report. `None` if the sections can't be compared. The macros check lock files more strictly.
pub(super) fn read(text: &str) -> Option<Vec<(&str, String)>> {
    let mut sections: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.starts_with('#'));
    if !VERSIONS.contains(&lines.next()?) {
        return None;
    }
    for line in lines {
        match sections.last_mut() {
            Some((_, lines)) if !line.starts_with("channel ") && !line.starts_with("type ") => lines.push(line),
            _ => sections.push((line, Vec::new())),
        }
    }
    let joined = |mut lines: Vec<&str>| {
        lines.sort_by_key(|line| Entry::read(line).key);
        lines.iter().flat_map(|line| [line, "\n"]).collect()
    };
    Some(sections.into_iter().map(|(header, lines)| (header, joined(lines))).collect())
}
