//! Random lives of a room with newest values against what it promises: clients that take what they are sent or do not, that connect and
//! end, leave the room and join it again, also while a pass is under way. `SEEDS=10000` runs so many, and `SEED=7` one.

use std::any::TypeId;
use std::collections::{HashMap, HashSet};
use std::env;

use fastrand::Rng;

use super::bundle::Bundle;
use super::table::MOST_LOOKS;
use super::*;
use crate::connection::id::ConnectionId;
use crate::room::class::{Class, LatestClass};
use crate::room::exclusions::Exclusions;
use crate::room::live_room::{Inner, LiveRoom};
use crate::room::membership::{MembershipGuard, NewConnection};
use crate::room::outgoing::{Sending, To};
use crate::room::registry::Registry;
use crate::room::sent::Sent;
use crate::room::target::Target;
use crate::wire::frame::{Opcode, frame, payload};

pub(super) const CLASS: LatestClass = LatestClass { of: TypeHash(7), every_ms: 0 };

pub(super) fn registry() -> Arc<Registry> {
    let mut registry = Registry::new();
    registry.add::<()>(TypeId::of::<()>(), || None, None);
    Arc::new(registry)
}

pub(super) fn enter(registry: &Arc<Registry>) -> MembershipGuard {
    let guard = registry.enter(NewConnection::into_room("/"));
    guard.connection.outbox().welcome_is_over();
    guard
}

pub(super) fn send(room: &Arc<LiveRoom>, key: &str, text: &str, exclusions: &Exclusions) -> Sent {
    send_at(Stamp::NONE, room, key, text, exclusions)
}

fn send_at(stamp: Stamp, room: &Arc<LiveRoom>, key: &str, text: &str, exclusions: &Exclusions) -> Sent {
    let key = Key::from(Arc::from(key));
    let value = NewestValue { key: &key, compression: None, stamp };
    room.send_newest(&frame(Opcode::Text, text.as_bytes()), CLASS, &sending(Some(value), exclusions))
}

pub(super) fn sending<'a>(newest: Option<NewestValue<'a>>, exclusions: &'a Exclusions) -> Sending<'a> {
    let (to, class) = (To::Target(&Target::All), Class::Latest(CLASS));
    Sending { channel: 0, to, exclusions, class, newest, publisher: None, outgoing: None }
}

pub(super) fn forget(room: &LiveRoom, key: &str) -> bool {
    forget_at(Stamp::NONE, room, key)
}

fn forget_at(stamp: Stamp, room: &LiveRoom, key: &str) -> bool {
    let key = Key::from(Arc::from(key));
    let value = NewestValue { key: &key, compression: None, stamp };
    room.forget_newest(CLASS, value, &sending(None, &Exclusions::default()))
}

/// Without a runtime there is no teller: its steps are done here.
pub(super) fn begin(room: &Arc<LiveRoom>) -> Option<Bundle> {
    let Inner { members, newest, .. } = &mut *room.lock();
    newest.as_mut()?.table(CLASS.of)?.begin_pass(members.len()).map(Bundle::plain)
}

fn tell_few(room: &Arc<LiveRoom>, news: &mut Bundle) -> bool {
    tell_few_counted(room, news, &mut Work::default())
}

pub(super) fn tell_few_counted(room: &Arc<LiveRoom>, news: &mut Bundle, work: &mut Work) -> bool {
    let mut due = Vec::new();
    let Inner { members, newest, .. } = &mut *room.lock();
    let is_more = newest.as_mut().unwrap().table(CLASS.of).unwrap().tell_few(members, news, &mut due, work);
    due.into_iter().for_each(|member| member.outbox().wake_owner());
    is_more
}

fn tell_all(room: &Arc<LiveRoom>) {
    if let Some(mut news) = begin(room) {
        while tell_few(room, &mut news) {}
    }
}

/// The texts that wait for a client, which takes them all; then its task pulls, if it is to.
pub(super) fn take(guard: &MembershipGuard) -> Vec<String> {
    let (bytes, pulls) = guard.connection.outbox().take_all();
    if pulls {
        guard.registry.pull_newest(&guard.connection);
    }
    texts(&bytes)
}

fn texts(mut bytes: &[u8]) -> Vec<String> {
    let mut texts = Vec::new();
    while let [_, len, ..] = *bytes {
        assert!(len < 126);
        let (one, rest) = bytes.split_at(2 + usize::from(len));
        texts.push(String::from_utf8(payload(one).1.to_vec()).unwrap());
        bytes = rest;
    }
    texts
}

/// A client, and the number of the newest value that it has had of each key.
struct Client {
    guard: MembershipGuard,
    had: HashMap<String, u64>,
}

impl Client {
    /// Each text is `key number`.
    fn takes(&mut self, seed: u64) {
        let mut waited = HashSet::new();
        for text in take(&self.guard) {
            let (key, number) = text.split_once(' ').unwrap();
            assert!(waited.insert(key.to_owned()), "{seed}: two of `{key}` wait");
            let number: u64 = number.parse().unwrap();
            let before = self.had.insert(key.to_owned(), number);
            assert!(before.is_none_or(|before| before < number), "{seed}: {key}: {number} behind {before:?}");
        }
    }
}

/// Until a client has had what waits, and all that is pulled behind it, one value at a time.
const TIMES: usize = 20;

fn life(seed: u64) {
    let mut rng = Rng::with_seed(seed);
    let registry = registry();
    let name = Arc::from("tile:1");
    let enter = || {
        let guard = enter(&registry);
        assert!(registry.join(&guard.connection, &name));
        guard
    };
    let mut clients: Vec<_> = (0..3).map(|_| Client { guard: enter(), had: HashMap::new() }).collect();
    // They are connected, and in another room.
    let mut away = Vec::<Client>::new();
    let room = registry.room(0, &name).unwrap();
    // A value or two at a time, or all.
    let most_pulled = *rng.choice(&[1, 20, 100_000]).unwrap();
    // Enough that passes are in several turns.
    let crowd: Vec<_> = (0..rng.usize(0..80)).map(|_| enter()).collect();
    // Of each key the number of the newest value, and who is not to get it.
    let mut newest = HashMap::<String, (u64, Option<ConnectionId>)>::new();
    let (mut number, mut pass) = (0, None::<Bundle>);
    for _ in 0..300 {
        match rng.u8(0..100) {
            0..40 => {
                number += 1;
                let key = format!("k{}", rng.u8(0..6));
                let except = (rng.u8(0..4) == 0).then(|| rng.choice(&clients).unwrap().guard.connection.id);
                let exclusions = except.map_or_else(Exclusions::default, Exclusions::others);
                let sent = send(&room, &key, &format!("{key} {number}"), &exclusions);
                assert_eq!(sent.recipients, room.len() - usize::from(except.is_some()));
                newest.insert(key, (number, except));
                room.lock().newest.as_mut().unwrap().table(CLASS.of).unwrap().most_pulled = most_pulled;
            }
            40..60 => match &mut pass {
                // Its task is dropped.
                Some(_) if rng.u8(0..8) == 0 => {
                    pass = None;
                    let Inner { members, newest, .. } = &mut *room.lock();
                    newest.as_mut().unwrap().table(CLASS.of).unwrap().abandon_pass(members);
                }
                Some(news) => {
                    if !tell_few(&room, news) {
                        pass = None;
                    }
                }
                None => pass = begin(&room),
            },
            60..80 => {
                let at = rng.usize(0..clients.len());
                clients[at].takes(seed);
            }
            80..84 => {
                let key = format!("k{}", rng.u8(0..6));
                assert_eq!(forget(&room, &key), newest.remove(&key).is_some());
            }
            84..89 if clients.len() < 12 => {
                let mut client = Client { guard: enter(), had: HashMap::new() };
                client.takes(seed);
                let expected: HashMap<_, _> = newest.iter().map(|(key, (number, _))| (key.clone(), *number)).collect();
                assert_eq!(client.had, expected, "{seed}: who enters is told all");
                clients.push(client);
            }
            89..93 if clients.len() > 1 => {
                let at = rng.usize(0..clients.len());
                let mut client = clients.swap_remove(at);
                (0..TIMES).for_each(|_| client.takes(seed));
                assert!(registry.leave(&client.guard.connection, &name));
                client.had.clear();
                away.push(client);
            }
            93..96 => {
                let Some(mut client) = away.pop() else { continue };
                assert_eq!(take(&client.guard), [""; 0], "{seed}: while it was away");
                assert!(registry.join(&client.guard.connection, &name));
                client.takes(seed);
                let id = client.guard.connection.id;
                let all = newest.iter().filter(|(_, (_, except))| *except != Some(id));
                let expected: HashMap<_, _> = all.map(|(key, (number, _))| (key.clone(), *number)).collect();
                assert_eq!(client.had, expected, "{seed}: who comes back is told all");
                clients.push(client);
            }
            96..100 if clients.len() > 1 => {
                let at = rng.usize(0..clients.len());
                let client = clients.swap_remove(at);
                // One that has left is excluded from nothing any more.
                drop(client);
            }
            _ => {}
        }
    }
    if let Some(mut news) = pass {
        while tell_few(&room, &mut news) {}
    }
    tell_all(&room);
    for client in &mut clients {
        (0..TIMES).for_each(|_| client.takes(seed));
        for (key, (number, except)) in &newest {
            if *except != Some(client.guard.connection.id) {
                assert_eq!(client.had.get(key), Some(number), "{seed}: the newest of {key}");
            }
        }
    }
    crowd.iter().for_each(|guard| (0..TIMES).for_each(|_| drop(take(guard))));
    let behind = room.lock().newest.as_mut().and_then(|newest| newest.table(CLASS.of).map(|table| table.behind()));
    assert_eq!(behind.unwrap_or(0), 0, "{seed}: nobody is behind");
}

#[test]
fn everybody_ends_with_every_newest_value() {
    if let Some(seed) = env::var("SEED").ok().and_then(|seed| seed.parse().ok()) {
        return life(seed);
    }
    let seeds = env::var("SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(400);
    (0..seeds).for_each(life);
}

#[test]
fn a_client_that_takes_nothing_costs_a_number() {
    let registry = registry();
    let guard = enter(&registry);
    let room = registry.room(0, "/").unwrap();
    for number in 0..100 {
        let sent = send(&room, "k", &format!("k {number}"), &Exclusions::default());
        // The first waits in its outbox, and the second is the first that it misses.
        assert_eq!(sent.replaced, usize::from(number >= 2), "{number}");
        tell_all(&room);
    }
    assert_eq!(take(&guard), ["k 0"]);
    assert_eq!(take(&guard), ["k 99"]);
    assert_eq!(take(&guard), [""; 0]);
}

#[test]
fn much_is_pulled_in_parts() {
    let registry = registry();
    let room = registry.all(0);
    for key in 0..64 {
        let text = format!("{key} {}", "x".repeat(50_000));
        assert!(send(room, &key.to_string(), &text, &Exclusions::default()).is_complete());
    }
    let guard = registry.enter(NewConnection::into_room("/"));
    let outbox = guard.connection.outbox();
    let mut parts = Vec::new();
    outbox.welcome_is_over();
    loop {
        let (bytes, pulls) = outbox.take_all();
        parts.push(bytes.len());
        if !pulls {
            break;
        }
        registry.pull_newest(&guard.connection);
    }
    assert!(parts.iter().all(|part| *part <= outbox.limit() / 4), "{parts:?}");
    assert!(parts.len() >= 12 && parts.iter().sum::<usize>() > 64 * 50_000, "{parts:?}");
}

/// A client that takes one of ten values each time that all ten are new.
#[test]
fn no_key_waits_for_ever_behind_those_that_are_always_new() {
    let registry = registry();
    let guard = enter(&registry);
    let room = registry.room(0, "/").unwrap();
    let mut had = HashMap::<String, usize>::new();
    for number in 0..200 {
        for key in 0..10 {
            send(&room, &key.to_string(), &format!("{key} {number}"), &Exclusions::default());
        }
        // Others come and go beside them.
        for key in 0..10 {
            let of = |number: u32| format!("{number}-{key}");
            send(&room, &of(number), &format!("{} {number}", of(number)), &Exclusions::default());
            assert!(number == 0 || forget(&room, &of(number - 1)));
        }
        let most_pulled = |most| room.lock().newest.as_mut().unwrap().table(CLASS.of).unwrap().most_pulled = most;
        most_pulled(1);
        tell_all(&room);
        if number > 0 {
            take(&guard).into_iter().for_each(|text| {
                *had.entry(text.split_once(' ').unwrap().0.to_owned()).or_default() += 1;
            });
        }
    }
    let times: Vec<_> = (0..10).map(|key| had.get(&key.to_string()).copied().unwrap_or(0)).collect();
    // Its first was all, and then one of twenty each time.
    assert!(times.iter().all(|times| (9..=13).contains(times)), "{times:?}");
    let behind = room.lock().newest.as_mut().unwrap().table(CLASS.of).unwrap().longest_sweep();
    assert!(behind <= 21, "a sweep is no longer than there are places: {behind}");
}

#[test]
fn only_what_a_client_was_not_sent_is_replaced_for_it() {
    let registry = registry();
    let guard = enter(&registry);
    let room = registry.room(0, "/").unwrap();
    let all = Exclusions::default();
    let send = |key: &str, number: u32| send(&room, key, &format!("{key} {number}"), &all).replaced;
    assert_eq!([send("a", 1), send("b", 1)], [0, 0]);
    room.lock().newest.as_mut().unwrap().table(CLASS.of).unwrap().most_pulled = 1;
    tell_all(&room);
    assert_eq!([send("a", 2), send("b", 2)], [0, 0]);
    tell_all(&room);
    assert_eq!(take(&guard), ["a 1", "b 1"]);
    assert_eq!(take(&guard), ["a 2"]);
    assert_eq!([send("a", 3), send("b", 3)], [0, 0], "`b 2` is on its way");
    tell_all(&room);
    assert_eq!([send("a", 4), send("b", 4)], [1, 1]);
    assert_eq!(take(&guard), ["b 2"]);
}

#[test]
fn of_many_that_take_parts_a_send_looks_at_some_and_counts_the_others() {
    let registry = registry();
    let others = 10;
    let guards: Vec<_> = (0..MOST_LOOKS + others).map(|_| enter(&registry)).collect();
    let room = registry.room(0, "/").unwrap();
    let all = Exclusions::default();
    for number in 1..=2 {
        for key in ["a", "b", "c"] {
            send(&room, key, &format!("{key} {number}"), &all);
        }
        room.lock().newest.as_mut().unwrap().table(CLASS.of).unwrap().most_pulled = 1;
        tell_all(&room);
    }
    guards.iter().for_each(|guard| assert_eq!(take(guard), ["a 1", "b 1", "c 1"]));
    send(&room, "a", "a 3", &all);
    tell_all(&room);
    guards.iter().for_each(|guard| assert_eq!(take(guard), ["a 2"]));
    // Each has now been sent `a 3`, and not `b 2`.
    assert_eq!(["a", "b"].map(|key| send(&room, key, "4", &all).replaced), [others, guards.len()]);
}

#[test]
fn one_key_more_than_a_thousand_is_refused_and_the_others_go_on() {
    let registry = registry();
    let guard = enter(&registry);
    let room = registry.room(0, "/").unwrap();
    let all = Exclusions::default();
    for key in 0..1000 {
        assert!(send(&room, &key.to_string(), "x", &all).is_complete());
    }
    let sent = send(&room, "one more", "x", &all);
    assert!(sent.too_many_keys && !sent.is_complete(), "{sent:?}");
    assert_eq!((sent.recipients, sent.refused), (1, 1));
    assert!(send(&room, "999", "y", &all).is_complete());
    assert!(forget(&room, "0"));
    assert!(send(&room, "one more", "x", &all).is_complete());
    tell_all(&room);
    assert_eq!(take(&guard).len(), 1000);
}

/// One has forgotten a key and got another, which the other has missed.
#[cfg(feature = "cluster")]
#[test]
fn what_another_node_answers_finds_its_place_in_a_full_table() {
    let all = Exclusions::default();
    let nodes = [(); 2].map(|()| {
        let registry = registry();
        let guard = enter(&registry);
        let room = registry.room(0, "/").unwrap();
        for key in 0..1000 {
            send_at(Stamp { micros: 1 + key, node: 1 }, &room, &key.to_string(), "x", &all);
        }
        (guard, room)
    });
    let [(_, ahead), (_, behind)] = &nodes;
    assert_eq!(ahead.newest_digest(), behind.newest_digest());
    assert!(forget_at(Stamp { micros: 2000, node: 1 }, ahead, "0"));
    send_at(Stamp { micros: 2001, node: 1 }, ahead, "one more", "x", &all);
    for Known { key, stamp, value, .. } in ahead.known_newest() {
        match value {
            Some(_) => assert!(!send_at(stamp, behind, &key, "x", &all).too_many_keys, "{key}"),
            None => _ = forget_at(stamp, behind, &key),
        }
    }
    assert_eq!(ahead.newest_digest(), behind.newest_digest());
}

#[test]
fn what_is_excluded_stays_excluded_for_who_is_behind() {
    let registry = registry();
    let [ann, bob] = [(); 2].map(|()| enter(&registry));
    let room = registry.room(0, "/").unwrap();
    send(&room, "a", "a 1", &Exclusions::default());
    tell_all(&room);
    let not_ann = Exclusions::others(ann.connection.id);
    send(&room, "a", "a 2", &not_ann);
    send(&room, "b", "b 3", &Exclusions::default());
    tell_all(&room);
    assert_eq!((take(&ann), take(&ann)), (vec!["a 1".into()], vec!["b 3".into()]));
    assert_eq!((take(&bob), take(&bob)), (vec!["a 1".into()], vec!["a 2".into(), "b 3".into()]));
}

#[test]
fn who_is_in_on_connect_is_told_all_and_then_waits() {
    let registry = registry();
    let keeps = enter(&registry);
    let room = registry.room(0, "/").unwrap();
    send(&room, "a", "a 1", &Exclusions::default());
    let late = registry.enter(NewConnection::into_room("/"));
    assert_eq!(take(&late), ["a 1"], "also what waits for its tick");
    tell_all(&room);
    send(&room, "a", "a 2", &Exclusions::default());
    tell_all(&room);
    assert_eq!(take(&late), [""; 0], "while its `on_connect` runs");
    late.connection.outbox().welcome_is_over();
    take(&late);
    assert_eq!(take(&late), ["a 2"]);
    drop(keeps);
}

#[test]
fn of_two_nodes_the_greater_stamp_wins_and_what_was_forgotten_before_stays_away() {
    let registry = registry();
    let ann = enter(&registry);
    let room = registry.room(0, "/").unwrap();
    let at = |micros, node| Stamp { micros, node };
    let all = Exclusions::default();
    for (stamp, text) in
        [(at(5, 1), "5 1"), (at(4, 9), "4 9"), (at(5, 0), "5 0"), (at(5, 1), "again"), (at(5, 2), "5 2")]
    {
        let sent = send_at(stamp, &room, "k", text, &all);
        assert_eq!((sent.recipients, sent.too_many_keys), (1, false));
        tell_all(&room);
    }
    assert_eq!(take(&ann), ["5 1"]);
    assert_eq!(take(&ann), ["5 2"]);
    assert!(!forget_at(at(5, 1), &room, "k"), "a newer value was sent");
    assert!(forget_at(at(6, 1), &room, "k") && !forget_at(at(6, 1), &room, "k"));
    send_at(at(6, 0), &room, "k", "6 0", &all);
    assert!(!forget_at(at(9, 0), &room, "later"));
    send_at(at(8, 0), &room, "later", "8 0", &all);
    tell_all(&room);
    assert_eq!(take(&ann), [""; 0]);
    send_at(at(6, 2), &room, "k", "6 2", &all);
    tell_all(&room);
    assert_eq!(take(&ann), ["6 2"]);
}
