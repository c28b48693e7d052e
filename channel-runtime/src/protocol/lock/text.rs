//! The text of a lock file, written and read at run time.

use super::line::{Entry, Line};
use super::lines::Lines;
use super::types::Types;
use crate::protocol::describe::ChannelShape;

/// The versions of the notation; locks of another one can't be compared. The macros, which read locks, have the same numbers. The
/// second one is written where it is needed, because releases that know the first alone do not read it.
const VERSIONS: [&str; 2] = ["version 1", "version 2"];

const COMPATIBLE: &str = "compatible ";

const BROKEN: &str = "broken ";

/// A channel or a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub header: String,
    pub lines: Vec<String>,
    pub former: Former,
}

/// The fingerprints that a channel had, the newest last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Former {
    /// Those whose clients still work.
    pub compatible: Vec<u64>,
    /// Those whose clients do not.
    pub broken: Vec<u64>,
}

impl Former {
    fn is_empty(&self) -> bool {
        self.compatible.is_empty() && self.broken.is_empty()
    }
}

/// Whether the first version has no such line: one of an envelope, a history, a presence or a subprotocol, of what is no message but `(binary)`,
/// of a message that may be sent again, of a class, or of what clients answer to a question.
fn is_of_second(line: &str) -> bool {
    let key = Entry::read(line).key;
    if (line.starts_with("> ") && (key.ends_with(" (idempotent)") || key.ends_with(" (answer)")))
        || (line.starts_with("< ") && key.ends_with(" (class)"))
    {
        return true;
    }
    let about = line.strip_prefix("> ").or_else(|| line.strip_prefix("< ")).unwrap_or(line);
    about.starts_with('(') && about != "(binary)"
}

/// The sections of the channels and their types. Sorted, so that the order of the source does not matter.
pub fn sections(channels: &[ChannelShape]) -> Vec<Written> {
    let types = Types::of(channels);
    let of_types = (0..).map_while(|at| types.get(at)).map(|(definition, used)| Lines::of_type(definition, used));
    let all = channels.iter().map(Lines::of_channel).chain(of_types);
    let mut sections: Vec<_> = all
        .map(|section| Written {
            header: section.header().as_str().to_owned(),
            lines: lines(section),
            former: Former::default(),
        })
        .collect();
    sections.sort_by(|a, b| (&a.header, &a.lines).cmp(&(&b.header, &b.lines)));
    sections
}

fn lines(mut lines: Lines) -> Vec<String> {
    let (mut all, mut line) = (Vec::new(), Line::new());
    while lines.next(&mut line) {
        all.push(line.as_str().to_owned());
    }
    // The envelope is first, then subprotocols, then parameters in the order of the path; then what clients send, then what they
    // receive; a message is before its fields.
    all.sort_by_cached_key(|line| match line.as_bytes()[0] {
        b'(' => (0, Entry::read(line).key.to_owned()),
        b'/' => (1, String::new()),
        b'>' => (2, Entry::read(line).key.to_owned()),
        _ => (3, Entry::read(line).key.to_owned()),
    });
    all
}

pub fn write(sections: &[Written], command: &str) -> String {
    let is_second =
        |section: &Written| !section.former.is_empty() || section.lines.iter().any(|line| is_of_second(line));
    let version = VERSIONS[usize::from(sections.iter().any(is_second))];
    let mut text = format!(
        "# What travels on the channels, as clients know it: `>` is what they say, `<` what they hear, `?` may be missing.\n\
         # Part of the source: commit it. Not to be edited, but to be accepted: {command}\n{version}\n"
    );
    for Written { header, lines, former } in sections {
        text.push('\n');
        for line in std::iter::once(header).chain(lines) {
            text.push_str(line);
            text.push('\n');
        }
        for (word, fingerprints) in [(COMPATIBLE, &former.compatible), (BROKEN, &former.broken)] {
            text.extend(fingerprints.iter().map(|fingerprint| format!("{word}{fingerprint:016x}\n")));
        }
    }
    text
}

/// The sections, with their lines in the order of the keys. `None` if they can't be compared. The macros check lock files more
/// strictly.
pub fn read(text: &str) -> Option<Vec<Written>> {
    let mut sections: Vec<Written> = Vec::new();
    let mut lines = text
        .lines()
        .map(|line| line.trim_end_matches([' ', '\t', '\r']))
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    if !VERSIONS.contains(&lines.next()?) {
        return None;
    }
    for line in lines {
        let Some(section) = sections.last_mut().filter(|_| !line.starts_with("channel ") && !line.starts_with("type "))
        else {
            sections.push(Written { header: line.into(), lines: Vec::new(), former: Former::default() });
            continue;
        };
        let fingerprint = |digits| u64::from_str_radix(digits, 16).ok();
        if let Some(digits) = line.strip_prefix(COMPATIBLE) {
            section.former.compatible.extend(fingerprint(digits));
        } else if let Some(digits) = line.strip_prefix(BROKEN) {
            section.former.broken.extend(fingerprint(digits));
        } else {
            section.lines.push(line.into());
        }
    }
    for section in &mut sections {
        section.lines.sort_by(|a, b| Entry::read(a).key.cmp(Entry::read(b).key));
    }
    Some(sections)
}

/// As the check reads them.
pub fn joined(lines: &[impl AsRef<str>]) -> String {
    lines.iter().flat_map(|line| [line.as_ref(), "\n"]).collect()
}
