//! Values that are sent together: short ones are joined, once for each form in which they are read, and for each who is excluded from some.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use crate::connection::id::ConnectionId;
use crate::connection::user_key::UserKey;
use crate::room::exclusions::Exclusions;
use crate::room::newest::work::Work;
use crate::room::recipient::Recipient;
use crate::wire::deflate::{Agreed, PreparedFrame};
use crate::wire::frame::Frame;

/// Values up to this length are joined, in bytes: copying them costs less than keeping each in many queues.
const JOINED: usize = 1024;

/// The most bytes of a piece of several values: what is gathered for one write.
const MOST_JOINED: usize = 16 * 1024;

/// A value that is told, with the version that it has.
pub(super) struct Change {
    pub key: Arc<str>,
    pub version: u64,
    pub frame: Frame,
    /// `None` if it is for all.
    pub exclusions: Option<Arc<Exclusions>>,
}

/// In the order of versions.
pub(super) struct Bundle {
    changes: Vec<Prepared>,
    /// No value is compressed.
    is_plain: bool,
    /// By what those who read it have agreed on. Made for the first of them.
    forms: Vec<(Option<Agreed>, Option<Vec<Piece>>)>,
    /// Who is excluded from some value.
    connections: HashSet<ConnectionId>,
    users: HashSet<UserKey>,
}

/// A value in each form.
pub(super) struct Prepared {
    pub key: Arc<str>,
    pub version: u64,
    pub frame: PreparedFrame,
    pub exclusions: Option<Arc<Exclusions>>,
}

/// Some values, and the version up to which whoever has taken it has had all.
pub(super) type Piece = (Frame, u64);

/// What is for one member.
pub(super) struct Pieces<'a> {
    pub pieces: Cow<'a, [Piece]>,
    /// There are others behind them.
    pub is_more: bool,
}

impl Bundle {
    pub fn plain(changes: Vec<Change>) -> Self {
        let plain = |Change { key, version, frame, exclusions }: Change| Prepared {
            key,
            version,
            frame: PreparedFrame::plain(frame),
            exclusions,
        };
        Self::new(changes.into_iter().map(plain).collect(), true)
    }

    pub fn prepared(changes: Vec<Prepared>) -> Self {
        Self::new(changes, false)
    }

    fn new(changes: Vec<Prepared>, is_plain: bool) -> Self {
        let (mut connections, mut users) = (HashSet::new(), HashSet::new());
        for exclusions in changes.iter().filter_map(|change| change.exclusions.as_ref()) {
            connections.extend(exclusions.excluded());
            users.extend(exclusions.except_users.iter().cloned());
        }
        let mut bundle = Self { changes, is_plain, forms: Vec::new(), connections, users };
        // Most read this one, and this is not under the lock.
        bundle.form(None, &mut Work::default());
        bundle
    }

    fn form(&mut self, agreed: Option<Agreed>, work: &mut Work) -> &[Piece] {
        let at = self.forms.iter().position(|(of, _)| *of == agreed).unwrap_or_else(|| {
            self.forms.push((agreed, None));
            self.forms.len() - 1
        });
        let changes = &self.changes;
        self.forms[at].1.get_or_insert_with(|| {
            let changes = changes.iter().map(|change| (change.frame.of(agreed), change.version));
            joined(changes, usize::MAX, work).0
        })
    }

    /// Whether some of it is not for this member.
    fn is_narrower_for(&self, member: &impl Recipient) -> bool {
        let is_user = || member.user().is_some_and(|user| self.users.contains(user));
        (!self.connections.is_empty() && self.connections.contains(&member.id()))
            || (!self.users.is_empty() && is_user())
    }

    /// What of it is for this member. It counts what was looked at and copied for that.
    pub fn pieces_for(&mut self, member: &impl Recipient, work: &mut Work) -> Pieces<'_> {
        let agreed = if self.is_plain { None } else { member.deflate() };
        if !self.is_narrower_for(member) {
            return Pieces { pieces: Cow::Borrowed(self.form(agreed, work)), is_more: false };
        }
        let is_meant = |change: &&Prepared| is_meant(member, change.exclusions.as_deref());
        work.values += self.changes.len();
        let own = self.changes.iter().filter(is_meant).map(|change| (change.frame.of(agreed), change.version));
        let (pieces, is_more) = joined(own, member.outbox().most_newest(), work);
        Pieces { pieces: Cow::Owned(pieces), is_more }
    }

    /// Takes out values that were forgotten while they are told. Returns whether there were any: then it has to be prepared anew.
    pub fn forget(&mut self, keys: &HashSet<Arc<str>>, work: &mut Work) -> bool {
        let before = self.changes.len();
        work.values += before;
        self.changes.retain(|change| !keys.contains(&change.key));
        let had_some = self.changes.len() < before;
        if had_some {
            self.forms.iter_mut().for_each(|(_, pieces)| *pieces = None);
        }
        had_some
    }

    /// Joins anew what is left, under no lock.
    pub fn prepare(&mut self) {
        let lacking = self.forms.iter().filter(|(_, pieces)| pieces.is_none()).map(|(agreed, _)| *agreed);
        for agreed in lacking.collect::<Vec<_>>() {
            self.form(agreed, &mut Work::default());
        }
    }
}

pub(super) fn is_meant(member: &impl Recipient, exclusions: Option<&Exclusions>) -> bool {
    exclusions.is_none_or(|exclusions| member.is_meant(exclusions))
}

/// At most so many bytes, or one value that is longer. Returns also whether there are more.
pub(super) fn joined<'a>(
    changes: impl Iterator<Item = (&'a Frame, u64)>,
    most: usize,
    work: &mut Work,
) -> (Vec<Piece>, bool) {
    let (mut pieces, mut open) = (Vec::<Piece>::new(), Vec::new());
    let (mut until, mut bytes, mut is_more) = (0, 0, false);
    let close = |open: &mut Vec<u8>, until: u64, pieces: &mut Vec<Piece>| {
        if !open.is_empty() {
            pieces.push((Frame::copied([&std::mem::take(open)]), until));
        }
    };
    for (frame, version) in changes {
        if bytes > 0 && bytes + frame.len() > most {
            is_more = true;
            break;
        }
        bytes += frame.len();
        if frame.len() > JOINED || open.len() + frame.len() > MOST_JOINED {
            close(&mut open, until, &mut pieces);
        }
        if frame.len() > JOINED {
            pieces.push((frame.clone(), version));
        } else {
            // Into the piece, and then into its frame.
            work.bytes += 2 * frame.len();
            open.extend_from_slice(frame);
        }
        until = version;
    }
    close(&mut open, until, &mut pieces);
    (pieces, is_more)
}
