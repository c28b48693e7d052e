//! Sending a newest value to a room: it replaces that of its key, and a teller sees to the rest.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

#[cfg(feature = "cluster")]
use super::known::Known;
use super::stamp::Stored;
use super::table::Table;
use super::{Newest, NewestValue, teller};
use crate::connection::in_flight::Work;
use crate::room::class::{LatestClass, TypeHash};
use crate::room::exclusions::Exclusions;
use crate::room::live_room::{Inner, LiveRoom};
use crate::room::outgoing::{Body, Sending};
use crate::room::recipient::Recipient as _;
use crate::room::reentrancy::Inside;
use crate::room::sent::Sent;
use crate::wire::deflate::PreparedFrame;
use crate::wire::frame::Frame;

impl LiveRoom {
    /// Nobody is charged for it: it never waits in a queue.
    pub fn send_newest(self: &Arc<Self>, frame: &Frame, class: LatestClass, sending: &Sending<'_>) -> Sent {
        let (sent, runtime) = store(&mut self.lock(), frame, class, sending);
        self.start_teller(class.of, runtime);
        sent
    }

    /// Makes the frame under the members' lock, from their number.
    pub fn send_newest_with<E>(
        self: &Arc<Self>,
        class: LatestClass,
        sending: &Sending<'_>,
        make: impl FnOnce(usize) -> Result<PreparedFrame, E>,
    ) -> Result<Sent, E> {
        let mut inner = self.lock();
        let frame = {
            let _inside = Inside::send_with();
            make(inner.members.len())?
        };
        let (sent, runtime) = store(&mut inner, frame.plain_form(), class, sending);
        drop(inner);
        self.start_teller(class.of, runtime);
        Ok(sent)
    }

    /// Not under the lock: a runtime that is shutting down drops a task at once, and the task's drop takes the lock.
    fn start_teller(self: &Arc<Self>, of: TypeHash, runtime: Option<Handle>) {
        if let Some(runtime) = runtime {
            teller::start(self, of, &runtime);
        }
    }

    /// Forgets a value, so that nobody is sent it any more. Returns whether there was one.
    pub fn forget_newest(&self, class: LatestClass, value: NewestValue<'_>, sending: &Sending<'_>) -> bool {
        let NewestValue { stamp, .. } = value;
        let key = value.own_key();
        let inner = &mut *self.lock();
        let was_there = if stamp.is_none() {
            let table = inner.newest.as_mut().and_then(|newest| newest.table(class.of));
            table.is_some_and(|table| table.forget(&key, stamp))
        } else {
            // Also if there is none yet: a value that was sent before may still come.
            inner.newest.get_or_insert_default().table_of(class, Some(value)).forget(&key, stamp)
        };
        let _ = sending.leave(|| Body::Forget { of: class.of, stamp, key });
        was_there
    }
}

#[cfg(feature = "cluster")]
impl LiveRoom {
    /// For another node.
    pub fn known_newest(&self) -> Vec<Known> {
        let inner = self.lock();
        inner.newest.iter().flat_map(|newest| &newest.tables).flat_map(Table::known).collect()
    }

    /// The same for two nodes that know the same, and 0 for one that knows nothing.
    pub fn newest_digest(&self) -> u64 {
        let inner = self.lock();
        inner.newest.iter().flat_map(|newest| &newest.tables).fold(0, |digest, table| digest ^ table.digest())
    }
}

/// Returns also where a teller is to be started.
fn store(inner: &mut Inner, frame: &Frame, class: LatestClass, sending: &Sending<'_>) -> (Sent, Option<Handle>) {
    let recipients = recipients(inner, sending.exclusions);
    let Inner { members, newest, .. } = inner;
    let value = sending.newest;
    let table = newest.get_or_insert_default().table_of(class, value);
    let key = value.map(|value| value.own_key()).unwrap_or_default();
    // Under the lock, so that its order is that in which they are sent.
    let stamp = sending.stamp();
    let stored = table.store(&key, frame.clone(), sending.exclusions, stamp);
    if let Stored::TooManyKeys = stored {
        return (Sent { recipients, refused: recipients, too_many_keys: true, ..Sent::default() }, None);
    }
    let sending = Sending { newest: value.map(|value| NewestValue { stamp, ..value }), ..*sending };
    let elsewhere = sending.leave(|| Body::of(&PreparedFrame::plain(frame.clone())));
    let Stored::Newest { replaced } = stored else {
        return (Sent { recipients, elsewhere, ..Sent::default() }, None);
    };
    let sent = Sent { recipients, replaced, elsewhere, ..Sent::default() };
    let Some(first) = members.range(0..1).next() else {
        table.tell_nobody();
        return (sent, None);
    };
    if !table.in_flight.is_counting() {
        table.in_flight = first.outbox().activity().begin(Work::Newest);
    }
    // Not the sender's runtime, which may not run any more.
    let runtime = if table.has_teller { None } else { first.runtime().cloned() };
    table.has_teller |= runtime.is_some();
    (sent, runtime)
}

impl Newest {
    fn table_of(&mut self, class: LatestClass, value: Option<NewestValue<'_>>) -> &mut Table {
        let at = self.tables.iter().position(|table| table.of == class.of).unwrap_or_else(|| {
            let every = Duration::from_millis(class.every_ms.into());
            let compression = value.and_then(|value| value.compression).copied();
            self.tables.push(Table::new(class.of, every, compression));
            self.tables.len() - 1
        });
        &mut self.tables[at]
    }
}

/// For how many it is meant. Their devices are looked for only if users are excluded.
fn recipients(inner: &Inner, exclusions: &Exclusions) -> usize {
    let members = &inner.members;
    if exclusions.is_empty() {
        return members.len();
    }
    if exclusions.except_users.is_empty() && exclusions.only_user.is_none() {
        let mut excluded: Vec<_> = exclusions.excluded().filter(|id| members.get(*id).is_some()).collect();
        excluded.sort_unstable_by_key(|id| id.serial());
        excluded.dedup();
        return members.len() - excluded.len();
    }
    members.values().filter(|member| member.is_meant(exclusions)).count()
}
