//! The teller: the task that tells a room's members the newest values of a type, a few members between two turns of other tasks.
//!
//! It ends when there is nothing new. While a type has `every`, it sleeps for that time behind each pass.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::runtime::{Handle, Id};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};

use super::bundle::{Bundle, Change, Prepared};
use super::work::Work;
use crate::room::class::TypeHash;
use crate::room::exclusions::Exclusions;
use crate::room::live_room::{Inner, LiveRoom};
use crate::room::member::Member;
use crate::wire::deflate::{Compression, PreparedFrame};

/// How many values are compressed before other tasks run.
const A_TURN: usize = 32;

pub(super) fn start(room: &Arc<LiveRoom>, of: TypeHash, runtime: &Handle) {
    let teller = Teller { room: Arc::downgrade(room), of, has_ended: false };
    runtime.spawn(teller.run());
}

struct Teller {
    /// A room that is gone while this sleeps is not kept for it.
    room: Weak<LiveRoom>,
    of: TypeHash,
    has_ended: bool,
}

struct Begun {
    changes: Vec<Change>,
    every: Duration,
    compression: Option<Compression>,
}

impl Teller {
    async fn run(mut self) {
        loop {
            // The tasks that are ready run first, because they may send more.
            yield_now().await;
            let begun_at = Instant::now();
            let room = self.room.upgrade();
            let begun = room.as_ref().and_then(|room| self.begin(room));
            let (Some(room), Some(Begun { changes, every, compression })) = (room, begun) else {
                self.has_ended = true;
                return;
            };
            let news = bundle(&room, changes, compression).await;
            self.tell(&room, news).await;
            drop(room);
            if !every.is_zero() {
                sleep_until(begun_at + every).await;
            }
        }
    }

    /// `None` if there is nothing new. Then the next value starts another teller.
    fn begin(&self, room: &LiveRoom) -> Option<Begun> {
        let Inner { members, newest, .. } = &mut *room.lock();
        let table = newest.as_mut()?.table(self.of)?;
        let begun = table.begin_pass(members.len());
        table.has_teller = begun.is_some();
        begun.map(|changes| Begun { changes, every: table.every, compression: table.compression })
    }

    async fn tell(&self, room: &LiveRoom, mut news: Bundle) {
        let own = Handle::current().id();
        let mut due = Vec::new();
        loop {
            news.prepare();
            let is_more = {
                let Inner { members, newest, .. } = &mut *room.lock();
                let table = newest.as_mut().and_then(|newest| newest.table(self.of));
                table.is_some_and(|table| table.tell_few(members, &mut news, &mut due, &mut Work::default()))
            };
            due.drain(..).for_each(|member| write(&member, own));
            if !is_more {
                return;
            }
            yield_now().await;
        }
    }
}

/// Under no lock, because compression takes time.
async fn bundle(room: &LiveRoom, changes: Vec<Change>, compression: Option<Compression>) -> Bundle {
    let Some(compression) = compression else { return Bundle::plain(changes) };
    let mut prepared = Vec::with_capacity(changes.len());
    for (at, Change { key, version, frame, exclusions }) in changes.into_iter().enumerate() {
        let windows = room.windows(None, &Exclusions::default());
        let frame = PreparedFrame::new(frame, windows, &compression);
        prepared.push(Prepared { key, version, frame, exclusions });
        if at % A_TURN == A_TURN - 1 {
            yield_now().await;
        }
    }
    Bundle::prepared(prepared)
}

/// Members on other runtimes write by their own tasks.
fn write(member: &Member, own: Id) {
    if member.runtime_id == Some(own) {
        member.outbox().flush();
    } else {
        member.outbox().wake_owner();
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        if !self.has_ended
            && let Some(room) = self.room.upgrade()
        {
            let Inner { members, newest, .. } = &mut *room.lock();
            if let Some(table) = newest.as_mut().and_then(|newest| newest.table(self.of)) {
                table.abandon_pass(members);
            }
        }
    }
}
