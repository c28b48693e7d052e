//! How long the members' lock is held for newest values, for the benchmark: a room of 10,000, with as many keys as there may be.

use std::any::TypeId;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::bundle::Bundle;
use super::table::MOST_KEYS;
use super::work::Work;
use super::{Key, NewestValue, Stamp};
use crate::connection::user_key::UserKey;
use crate::room::class::{Class, LatestClass, TypeHash};
use crate::room::exclusions::Exclusions;
use crate::room::live_room::{Inner, LiveRoom};
use crate::room::membership::{MembershipGuard, NewConnection};
use crate::room::outgoing::{Sending, To};
use crate::room::registry::Registry;
use crate::room::target::Target;
use crate::wire::frame::{Opcode, frame};

const MEMBERS: usize = 10_000;
/// As many pulls as a turn of 1000 values of 1 KiB takes.
const PARTS: usize = 63;
const CLASS: LatestClass = LatestClass { of: TypeHash(7), every_ms: 0 };

/// Each hold of the lock, in one order, with what it was for. A value has so many bytes.
pub(crate) fn holds(bytes: usize) -> Vec<(&'static str, Duration)> {
    let mut registry = Registry::new();
    registry.add::<()>(TypeId::of::<()>(), || None, None);
    let registry = Arc::new(registry);
    let members: Vec<_> = (0..MEMBERS).map(|_| enter(&registry)).collect();
    let room = registry.room(0, "/").expect("it has members");
    let mut measured = Measured { room, bytes, holds: Vec::new() };
    measured.send("a send", |_| Exclusions::default());
    measured.tell("32 members are told");
    take(&members);
    measured.send("a send to the others", |key| Exclusions::others(members[key].connection.id));
    measured.tell("members who are each excluded from one are told");
    take(&members);
    let mut not_ann = Exclusions::default();
    not_ann.except_users.push(UserKey::named::<()>("ann"));
    measured.send("a send to all but a user", |_| not_ann.clone());
    measured.tell("32 members are told");
    // Nobody takes it.
    measured.send("a send", |_| Exclusions::default());
    measured.tell("32 members are told, who do not take it");
    for member in &members[..100] {
        member.connection.outbox().take();
        measured.hold("a member pulls", |room| room.pull_newest(&member.connection, 0, &mut Work::default()));
    }
    measured.send("a send, and all are behind", |_| Exclusions::default());
    measured.tell("32 members are told, who do not take it");
    measured.sweep(&members);
    measured.send("a send, and all are in sweeps", |_| Exclusions::default());
    for key in 0..100 {
        let (key, all) = (self::key(key), Exclusions::default());
        let value = NewestValue { key: &key, compression: None, stamp: Stamp::NONE };
        measured.hold("one is forgotten", |room| room.forget_newest(CLASS, value, &sending(None, &all)));
    }
    let mut others = Vec::new();
    for _ in 0..100 {
        let begun = Instant::now();
        others.push(enter(&registry));
        measured.holds.push(("somebody enters", begun.elapsed()));
    }
    measured.holds
}

fn key(number: usize) -> Key {
    Key::from(Arc::from(number.to_string()))
}

fn sending<'a>(newest: Option<NewestValue<'a>>, exclusions: &'a Exclusions) -> Sending<'a> {
    let (to, class) = (To::Target(&Target::All), Class::Latest(CLASS));
    Sending { channel: 0, to, exclusions, class, newest, publisher: None, outgoing: None }
}

fn enter(registry: &Arc<Registry>) -> MembershipGuard {
    let guard = registry.enter(NewConnection::into_room("/"));
    guard.connection.outbox().welcome_is_over();
    guard
}

fn take(members: &[MembershipGuard]) {
    members.iter().for_each(|member| drop(member.connection.outbox().take()));
}

struct Measured {
    room: Arc<LiveRoom>,
    bytes: usize,
    holds: Vec<(&'static str, Duration)>,
}

impl Measured {
    /// What takes the lock by itself.
    fn hold<T>(&mut self, what: &'static str, act: impl FnOnce(&Arc<LiveRoom>) -> T) -> T {
        let begun = Instant::now();
        let done = act(&self.room);
        self.holds.push((what, begun.elapsed()));
        done
    }

    fn under_the_lock<T>(&mut self, what: &'static str, act: impl FnOnce(&mut Inner) -> T) -> T {
        let (done, time) = {
            let inner = &mut *self.room.lock();
            let begun = Instant::now();
            (act(inner), begun.elapsed())
        };
        self.holds.push((what, time));
        done
    }

    fn send(&mut self, what: &'static str, exclusions: impl Fn(usize) -> Exclusions) {
        (0..MOST_KEYS).for_each(|number| self.send_one(what, number, &exclusions(number)));
    }

    fn send_one(&mut self, what: &'static str, number: usize, exclusions: &Exclusions) {
        let key = key(number);
        let newest = Some(NewestValue { key: &key, compression: None, stamp: Stamp::NONE });
        let sending = sending(newest, exclusions);
        let value = frame(Opcode::Text, &vec![b'x'; self.bytes]);
        self.hold(what, |room| room.send_newest(&value, CLASS, &sending));
    }

    /// Each pulls one value at a time, while others are sent: so what it has had is in so many parts.
    fn sweep(&mut self, members: &[MembershipGuard]) {
        self.under_the_lock("a setting", |Inner { newest, .. }| {
            newest.as_mut().and_then(|newest| newest.table(CLASS.of)).expect("it was sent").most_pulled = 1;
        });
        for part in 0..PARTS {
            self.send_one("a send, and all are behind", MOST_KEYS - 1 - part, &Exclusions::default());
            take(members);
            members.iter().for_each(|member| self.room.pull_newest(&member.connection, 0, &mut Work::default()));
        }
    }

    fn tell(&mut self, what: &'static str) {
        let table = "a value was sent";
        let changes = self.under_the_lock("a pass begins", |Inner { members, newest, .. }| {
            newest.as_mut().and_then(|newest| newest.table(CLASS.of)).expect(table).begin_pass(members.len())
        });
        let mut news = Bundle::plain(changes.expect("something is new"));
        let mut due = Vec::new();
        loop {
            let is_more = self.under_the_lock(what, |Inner { members, newest, .. }| {
                let table = newest.as_mut().and_then(|newest| newest.table(CLASS.of)).expect(table);
                table.tell_few(members, &mut news, &mut due, &mut Work::default())
            });
            due.clear();
            if !is_more {
                break;
            }
        }
    }
}
