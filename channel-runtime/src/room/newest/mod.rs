//! The newest values of a room: of each type that is `latest`, the newest message for each key, under the members' lock.
//!
//! A send stores a value and sees to it that a teller runs. The teller offers what is new to the members, a few at a time. A member that
//! does not take it is behind: the table has a number for it, and nothing waits in its outbox. When that is empty its own task pulls
//! what it has not had; if that is much, a part at a time, in turns. So a slow client costs a few numbers and not a queue, and is sent what is
//! the newest by then.

mod at;
mod bundle;
mod forgotten;
#[cfg(feature = "cluster")]
mod known;
pub(crate) mod measured;
mod pass;
mod places;
mod pull;
mod stamp;
mod store;
mod sweep;
mod table;
mod teller;
#[cfg(all(test, any(feature = "cluster", feature = "deflate")))]
mod tests;
mod work;

use std::sync::{Arc, OnceLock};

#[cfg(feature = "cluster")]
pub(crate) use self::known::Known;
pub(crate) use self::stamp::Stamp;
#[cfg(feature = "cluster")]
pub(crate) use self::stamp::micros_now;
use crate::room::class::TypeHash;
use crate::room::newest::table::Table;
use crate::room::newest::work::Work;
use crate::room::recipient::Recipient;
use crate::wire::deflate::Compression;

/// What a value replaces: that of the same key. Empty if its type has no key. Set before it is stored, for `send_with` under the
/// members' lock.
pub(crate) type Key = OnceLock<Arc<str>>;

/// What a send of a newest value has beside its frame.
#[derive(Clone, Copy)]
pub(crate) struct NewestValue<'a> {
    pub key: &'a Key,
    pub compression: Option<&'a Compression>,
    /// `NONE` if it is sent now.
    pub stamp: Stamp,
}

impl NewestValue<'_> {
    /// Empty if its type has none.
    pub fn own_key(&self) -> Arc<str> {
        self.key.get().cloned().unwrap_or_default()
    }
}

/// A table for each type that is `latest` and was sent to the room: of most rooms one.
#[derive(Default)]
pub(super) struct Newest {
    tables: Vec<Table>,
}

impl Newest {
    fn table(&mut self, of: TypeHash) -> Option<&mut Table> {
        self.tables.iter_mut().find(|table| table.of == of)
    }

    /// Tells a new member all newest values, in the lock in which it enters.
    #[cold]
    pub fn enter(&mut self, member: &impl Recipient) {
        self.enter_counted(member, &mut Work::default());
    }

    fn enter_counted(&mut self, member: &impl Recipient, work: &mut Work) {
        self.tables.iter_mut().for_each(|table| table.enter(member, work));
    }

    /// A member is about to leave. `last` is the one that takes its place, of `members`.
    #[cold]
    pub fn leave(&mut self, serial: u64, last: u64, members: usize) {
        self.tables.iter_mut().for_each(|table| table.leave(serial, last, members));
    }
}
