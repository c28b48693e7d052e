//! Sending a newest value to a room: it replaces that of its key, and a teller sees to the rest.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::table::Table;
use super::teller;
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
    pub fn forget_newest(&self, of: TypeHash, key: &str) -> bool {
        let inner = &mut *self.lock();
        inner.newest.as_mut().and_then(|newest| newest.table(of)).is_some_and(|table| table.forget(key))
    }
}

/// Returns also where a teller is to be started.
fn store(inner: &mut Inner, frame: &Frame, class: LatestClass, sending: &Sending<'_>) -> (Sent, Option<Handle>) {
    let recipients = recipients(inner, sending.exclusions);
    let Inner { members, newest, .. } = inner;
    let value = sending.newest;
    let newest = newest.get_or_insert_default();
    let at = newest.tables.iter().position(|table| table.of == class.of).unwrap_or_else(|| {
        let every = Duration::from_millis(class.every_ms.into());
        let compression = value.and_then(|value| value.compression).copied();
        newest.tables.push(Table::new(class.of, every, compression));
        newest.tables.len() - 1
    });
    let table = &mut newest.tables[at];
    let key = value.and_then(|value| value.key.get()).cloned().unwrap_or_else(|| Arc::from(""));
    let Some(replaced) = table.store(&key, frame.clone(), sending.exclusions) else {
        return (Sent { recipients, refused: recipients, too_many_keys: true, ..Sent::default() }, None);
    };
    let elsewhere = sending.leave(|| Body::of(&PreparedFrame::plain(frame.clone())));
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
