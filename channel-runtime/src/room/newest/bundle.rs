//! Values that are sent together: short ones are joined, once for each form in which they are read, and for each who is excluded from some.

use std::collections::HashSet;
use std::sync::Arc;

use crate::connection::id::ConnectionId;
use crate::connection::user_key::UserKey;
use crate::room::exclusions::Exclusions;
use crate::room::recipient::Recipient;
use crate::wire::deflate::{Agreed, PreparedFrame};
use crate::wire::frame::Frame;

/// Values up to this length are joined, in bytes: copying them costs less than keeping each in many queues.
const JOINED: usize = 1024;

/// The most bytes of a piece of several values: what is gathered for one write.
const MOST_JOINED: usize = 16 * 1024;

/// A value that is told, with the version that it has.
pub(super) struct Change {
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
    forms: Vec<(Option<Agreed>, Vec<Piece>)>,
    /// Who is excluded from some value.
    connections: HashSet<ConnectionId>,
    users: HashSet<UserKey>,
}

/// A value in each form, its version, and who is excluded from it.
pub(super) type Prepared = (PreparedFrame, u64, Option<Arc<Exclusions>>);

/// Some values, and the version up to which whoever has taken it has had all.
pub(super) type Piece = (Frame, u64);

impl Bundle {
    pub fn plain(changes: Vec<Change>) -> Self {
        let plain = |change: Change| (PreparedFrame::plain(change.frame), change.version, change.exclusions);
        Self::new(changes.into_iter().map(plain).collect(), true)
    }

    pub fn prepared(changes: Vec<Prepared>) -> Self {
        Self::new(changes, false)
    }

    fn new(changes: Vec<Prepared>, is_plain: bool) -> Self {
        let (mut connections, mut users) = (HashSet::new(), HashSet::new());
        for exclusions in changes.iter().filter_map(|(_, _, exclusions)| exclusions.as_ref()) {
            connections.extend(exclusions.excluded());
            users.extend(exclusions.except_users.iter().cloned());
        }
        let mut bundle = Self { changes, is_plain, forms: Vec::new(), connections, users };
        bundle.form(None);
        bundle
    }

    fn form(&mut self, agreed: Option<Agreed>) -> &[Piece] {
        let at = self.forms.iter().position(|(of, _)| *of == agreed).unwrap_or_else(|| {
            self.forms.push((agreed, joined(self.changes.iter(), agreed)));
            self.forms.len() - 1
        });
        &self.forms[at].1
    }

    pub fn len(&self) -> usize {
        self.changes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Whether some of it is not for this member.
    fn is_narrower_for(&self, member: &impl Recipient) -> bool {
        let is_user = || member.user().is_some_and(|user| self.users.contains(user));
        (!self.connections.is_empty() && self.connections.contains(&member.id()))
            || (!self.users.is_empty() && is_user())
    }

    /// What of it is for this member, and how many values were looked at for that.
    pub fn pieces_for(&mut self, member: &impl Recipient) -> (Vec<Piece>, usize) {
        let agreed = if self.is_plain { None } else { member.deflate() };
        if !self.is_narrower_for(member) {
            return (self.form(agreed).to_vec(), 0);
        }
        let is_meant = |exclusions: &Option<Arc<Exclusions>>| {
            exclusions.as_ref().is_none_or(|exclusions| member.is_meant(exclusions))
        };
        let own = self.changes.iter().filter(|(_, _, exclusions)| is_meant(exclusions));
        (joined(own, agreed), self.changes.len())
    }
}

fn joined<'a>(changes: impl Iterator<Item = &'a Prepared>, agreed: Option<Agreed>) -> Vec<Piece> {
    let (mut pieces, mut open) = (Vec::<Piece>::new(), Vec::new());
    let mut until = 0;
    let close = |open: &mut Vec<u8>, until: u64, pieces: &mut Vec<Piece>| {
        if !open.is_empty() {
            pieces.push((Frame::copied([&std::mem::take(open)]), until));
        }
    };
    for (frame, version, _) in changes {
        let frame = frame.of(agreed);
        if frame.len() > JOINED || open.len() + frame.len() > MOST_JOINED {
            close(&mut open, until, &mut pieces);
        }
        if frame.len() > JOINED {
            pieces.push((frame.clone(), *version));
        } else {
            open.extend_from_slice(frame);
        }
        until = *version;
    }
    close(&mut open, until, &mut pieces);
    pieces
}
