//! The former fingerprints of a channel, by which a server knows what its older clients can still do.

use super::change::Verdict;
use super::check;
use super::fingerprint;
use super::former::FormerChannel;
use super::lines::Lines;
use super::report::Report;
use super::section::Section;
use super::text::{Former, Written, joined};
use super::types::Types;
use crate::protocol::describe::ChannelShape;

/// How many fingerprints of each kind are kept for a channel: the newest.
pub const MOST_FORMER: usize = 32;

/// The former fingerprints of a channel, as its lock has them.
#[derive(Clone, Copy, Debug)]
pub struct Older {
    /// The channel's path.
    pub path: &'static str,
    /// Clients that were made for these still work.
    pub compatible: &'static [u64],
    /// Clients that were made for these do not.
    pub broken: &'static [u64],
}

/// What is known of a client that was made for another wire than the channel's.
///
/// The client says it in its handshake, and the server knows its lock's former fingerprints: see
/// [older clients](macro@crate::channels#older-clients).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compatibility {
    /// All changes since then were fine for it.
    Compatible,
    /// It is older than a change that breaks its like.
    Breaks,
    /// Its wire is not in the lock: it is newer, or of a branch, or very old, or a change since then can't be judged.
    Unknown,
}

impl Compatibility {
    pub(crate) const ALL: [Self; 3] = [Self::Compatible, Self::Breaks, Self::Unknown];

    /// In lower case, as it is in `$joined` and in labels of metrics: `compatible`, `breaks` or `unknown`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Compatible => "compatible",
            Self::Breaks => "breaks",
            Self::Unknown => "unknown",
        }
    }
}

/// The wire that a channel has, and those that it had.
#[derive(Clone, Copy, Debug)]
pub struct Wire {
    fingerprint: u64,
    older: Option<&'static Older>,
}

impl Wire {
    pub fn of(shape: &ChannelShape, older: &'static [Older]) -> Self {
        let older = older.iter().find(|older| older.path == shape.pattern);
        Self { fingerprint: fingerprint::sum(std::slice::from_ref(shape)), older }
    }

    /// What is known of a client that was made for a wire with this fingerprint. `None` if it is the channel's own.
    pub fn compatibility(&self, fingerprint: u64) -> Option<Compatibility> {
        if fingerprint == self.fingerprint {
            return None;
        }
        let has = |list: fn(&'static Older) -> &'static [u64]| {
            self.older.is_some_and(|older| list(older).contains(&fingerprint))
        };
        Some(match () {
            // In both after a merge of two branches, of which one has broken it.
            () if has(|older| older.broken) => Compatibility::Breaks,
            () if has(|older| older.compatible) => Compatibility::Compatible,
            () => Compatibility::Unknown,
        })
    }
}

/// The former fingerprints of a channel after a change that is accepted; `old` is the lock before it.
pub fn former(shape: &ChannelShape, old: &[Written]) -> Former {
    let Some(section) = check::place_of(old, |section| &section.header, shape) else { return Former::default() };
    let channel = FormerChannel::of(&old[section], old);
    let (was, is) = (channel.fingerprint(), fingerprint::sum(std::slice::from_ref(shape)));
    let mut former = channel.section().former.clone();
    if was != is {
        match verdict(shape, &channel) {
            Verdict::Fine => former.compatible.push(was),
            Verdict::Unclear => former.compatible.clear(),
            Verdict::Breaks => {
                former.broken.append(&mut former.compatible);
                former.broken.push(was);
            }
        }
    }
    for list in [&mut former.compatible, &mut former.broken] {
        newest(list, is);
    }
    former
}

/// Each once, without the present one.
fn newest(list: &mut Vec<u64>, present: u64) {
    let mut kept: Vec<u64> = Vec::new();
    for &fingerprint in list.iter().rev() {
        if fingerprint != present && !kept.contains(&fingerprint) && kept.len() < MOST_FORMER {
            kept.push(fingerprint);
        }
    }
    kept.reverse();
    *list = kept;
}

/// The worst of all changes of this channel's wire.
fn verdict(shape: &ChannelShape, former: &FormerChannel) -> Verdict {
    let mut report = Report::new();
    let Written { header, lines, .. } = former.section();
    check::compare(&mut report, &Section { header, lines: &joined(lines), sum: 0 }, Lines::of_channel(shape));
    let types = Types::of(std::slice::from_ref(shape));
    for (definition, used) in (0..).map_while(|at| types.get(at)) {
        let header = Lines::of_type(definition, used).header();
        // A type that is new in a direction came with a line that is judged by itself.
        let Some((lines, used)) = former.type_lines(header.as_str(), used) else { continue };
        let section = Section { header: header.as_str(), lines: &joined(&lines), sum: 0 };
        check::compare(&mut report, &section, Lines::of_type(definition, used));
    }
    // The path may have changed, or what a report passes over.
    if report.is_empty() { Verdict::Unclear } else { report.worst() }
}
