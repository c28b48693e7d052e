//! What is done in one hold of the members' lock, at the worst: as many keys as there may be, each value as long as is copied, and each
//! member excluded from one of them.

use super::*;
use crate::connection::outbox::Enqueued;
use crate::room::exclusions::Exclusions;
use crate::room::live_room::Inner;
use crate::room::newest::table::{MOST_KEYS, MOST_PULLED};
use crate::room::newest::tests::{CLASS, begin, enter, forget, registry, send, take, tell_few_counted};

const MEMBERS: usize = 400;

/// With its header, as long as a value can be that is copied.
fn text() -> String {
    "x".repeat(1020)
}

/// What one member is copied at the most: a quarter of its bound, into pieces and then into their frames.
const A_MEMBER: usize = 2 * (1 << 20) / 4;

#[test]
fn a_pass_lets_go_of_the_lock_before_it_has_done_much() {
    let registry = registry();
    let members: Vec<_> = (0..MEMBERS).map(|_| enter(&registry)).collect();
    let room = registry.room(0, "/").unwrap();
    let text = text();
    for round in 0..2 {
        for key in 0..MOST_KEYS {
            let not_one = Exclusions::others(members[key % MEMBERS].connection.id);
            assert!(send(&room, &key.to_string(), &text, &not_one).is_complete());
        }
        let mut news = begin(&room).unwrap();
        let (mut is_more, mut holds, mut told) = (true, 0, 0);
        while is_more {
            let mut work = Work::default();
            is_more = tell_few_counted(&room, &mut news, &mut work);
            assert!(work.members <= MOST_MEMBERS, "{work:?}");
            assert!(work.values < MOST_VALUES + MOST_KEYS, "{work:?}");
            assert!(work.bytes < MOST_BYTES + A_MEMBER, "{work:?}");
            holds += 1;
            told += work.members;
        }
        assert_eq!(told, MEMBERS);
        // In the second round nothing is copied: each of them has something waiting, and will pull.
        assert!(if round == 0 { holds >= MEMBERS / 2 } else { holds == MEMBERS.div_ceil(MOST_MEMBERS) }, "{holds}");
    }
}

#[test]
fn who_enters_or_pulls_is_copied_no_more_than_it_takes() {
    let registry = registry();
    let all = registry.all(0);
    let text = text();
    for key in 0..MOST_KEYS {
        send(all, &key.to_string(), &text, &Exclusions::default());
    }
    let guard = enter(&registry);
    let mut copied = 0;
    while guard.connection.outbox().take_all().1 {
        let mut work = Work::default();
        all.pull_newest(&guard.connection, 0, &mut work);
        assert!(work.bytes <= 2 * MOST_PULLED, "{work:?}");
        copied += work.bytes;
    }
    let has_had = A_MEMBER / 2;
    assert_eq!(copied, 2 * (MOST_KEYS * (text.len() + 4) - has_had), "all but the quarter that it had as it entered");
    // One for whom more than that waits is copied nothing.
    assert_ne!(guard.connection.outbox().push_own(&[0; A_MEMBER]), Enqueued::Refused);
    send(all, "0", &text, &Exclusions::default());
    let mut news = begin(all).unwrap();
    while tell_few_counted(all, &mut news, &mut Work::default()) {}
    let mut work = Work::default();
    all.pull_newest(&guard.connection, 0, &mut work);
    assert_eq!(work.bytes, 0, "{work:?}");
    let guards: Vec<_> = (0..3).map(|_| enter(&registry)).collect();
    let mut work = Work::default();
    let Inner { newest, .. } = &mut *all.lock();
    let newest = newest.as_mut().unwrap();
    for _ in 0..3 {
        newest.enter_counted(&*guards[0].connection, &mut work);
    }
    assert!(work.bytes <= A_MEMBER, "a table more: {work:?}");
    assert_eq!(newest.table(CLASS.of).map(|table| table.behind()), Some(4));
}

#[test]
fn a_value_that_is_forgotten_while_it_is_told_is_not_told_to_those_that_are_left() {
    let registry = registry();
    let members: Vec<_> = (0..2 * MOST_MEMBERS).map(|_| enter(&registry)).collect();
    let room = registry.room(0, "/").unwrap();
    let all = Exclusions::default();
    for key in ["a", "b", "c"] {
        send(&room, key, &format!("{key} 1"), &all);
    }
    let mut news = begin(&room).unwrap();
    assert!(tell_few_counted(&room, &mut news, &mut Work::default()), "the last half of them is told");
    // Replaced meanwhile, and then forgotten; and forgotten, and sent anew.
    send(&room, "a", "a 2", &all);
    assert!(forget(&room, "a") && forget(&room, "b"));
    send(&room, "b", "b 2", &all);
    let mut work = Work::default();
    assert!(tell_few_counted(&room, &mut news, &mut work) && work.bytes == 0, "nothing is joined under the lock");
    news.prepare();
    assert!(!tell_few_counted(&room, &mut news, &mut work) && work.bytes == 0);
    assert_eq!(take(members.last().unwrap()), ["a 1", "b 1", "c 1"]);
    assert_eq!(take(&members[0]), ["c 1"]);
    let mut news = begin(&room).unwrap();
    while tell_few_counted(&room, &mut news, &mut Work::default()) {}
    for member in [&members[0], members.last().unwrap()] {
        assert_eq!(take(member), ["b 2"]);
    }
}

#[test]
fn what_is_sent_and_forgotten_while_others_are_told_holds_them_up_no_more_than_once_each() {
    let registry = registry();
    let members: Vec<_> = (0..2 * MOST_MEMBERS).map(|_| enter(&registry)).collect();
    let room = registry.room(0, "/").unwrap();
    let all = Exclusions::default();
    for key in ["a", "b"] {
        send(&room, key, &format!("{key} 1"), &all);
    }
    let mut news = begin(&room).unwrap();
    let (mut turns, mut is_more) = (0, true);
    while is_more {
        assert!(turns < 4, "members are told, whatever comes and goes");
        let key = if turns == 1 { "a" } else { "another" };
        send(&room, key, &format!("{key} 2"), &all);
        assert!(forget(&room, key));
        is_more = tell_few_counted(&room, &mut news, &mut Work::default());
        turns += 1;
    }
    assert_eq!((take(&members[0]), turns), (vec!["b 1".into()], 3), "once for `a`, which is no more");
}
