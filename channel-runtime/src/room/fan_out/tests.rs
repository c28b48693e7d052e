use std::any::TypeId;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use super::*;
use crate::room::class::Class;
use crate::room::exclusions::Exclusions;
use crate::room::membership::{MembershipGuard, NewConnection};
use crate::room::outgoing::To;
use crate::room::publisher::Publisher;
use crate::room::registry::Registry;
use crate::room::target::Target;
use crate::wire::deflate::{COMPRESSED, Compression, Windows, agreed};
use crate::wire::frame::{Opcode, frame};

fn member(registry: &Arc<Registry>, offer: &str) -> MembershipGuard {
    let member = registry.enter(NewConnection { deflate: agreed(offer), ..NewConnection::into_room("/") });
    member.connection.outbox().welcome_is_over();
    member
}

fn crowded_room(senders: usize, others: &Runtime) -> (Runtime, Vec<MembershipGuard>, Arc<LiveRoom>) {
    let mut registry = Registry::new();
    registry.add::<()>(TypeId::of::<()>(), || None, None);
    let registry = Arc::new(registry);
    let runtime = runtime();
    let mut members = {
        let _inside = runtime.enter();
        vec![member(&registry, "")]
    };
    let room = registry.room(0, "/").unwrap();
    say(&room, None, 300_000);
    let _inside = others.enter();
    members.extend((0..senders).map(|_| member(&registry, "")));
    (runtime, members, room)
}

fn sending<'a>(publisher: Option<&'a Publisher<Member>>, exclusions: &'a Exclusions) -> Sending<'a> {
    Sending {
        channel: 0,
        to: To::Target(&Target::All),
        exclusions,
        class: Class::Reliable,
        newest: None,
        publisher,
        outgoing: None,
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

fn say(room: &Arc<LiveRoom>, from: Option<&MembershipGuard>, bytes: usize) {
    assert_eq!(say_to(room, from, bytes, |_| true).refused, 0);
}

fn say_to(room: &Arc<LiveRoom>, from: Option<&MembershipGuard>, bytes: usize, whom: impl Fn(&Member) -> bool) -> Sent {
    let frame =
        PreparedFrame::new(frame(Opcode::Text, &vec![b'x'; bytes]), Windows::default(), &Compression::default());
    let exclusions = from.map_or_else(Exclusions::default, |from| Exclusions::others(from.connection.id));
    let from = from.map(|from| Publisher::Member(Arc::clone(&from.connection)));
    room.send(frame, &sending(from.as_ref(), &exclusions), whom)
}

#[test]
fn one_that_sends_much_that_is_small_to_a_room_of_another_runtime_counts_as_one_sender() {
    let others = runtime();
    let (_runtime, members, room) = crowded_room(1, &others);
    for _ in 0..10_000 {
        say(&room, Some(&members[1]), 2);
    }
    assert!(!members[1].connection.backlog.over_high_water());
    say(&room, Some(&members[1]), 40_000);
    assert!(members[1].connection.backlog.over_high_water(), "it is held");
}

#[test]
fn senders_that_are_held_and_send_more_count_once() {
    let (runtime, mut members, room) = crowded_room(0, &runtime());
    {
        let _inside = runtime.enter();
        let registry = Arc::clone(&members[0].registry);
        members.extend((0..4).map(|_| member(&registry, "")));
    }
    say(&room, None, 300_000);
    for _ in 0..10 {
        for sender in &members[1..] {
            say(&room, Some(sender), 4000);
        }
        let due = room.lock().flushing.take_due();
        room.settle(due.senders);
    }
    for sender in &members[1..] {
        assert!(!sender.connection.backlog.over_high_water());
        say(&room, Some(sender), 30_000);
        assert!(sender.connection.backlog.over_high_water(), "it is held");
    }
}

#[test]
fn whoever_is_let_go_with_much_holds_the_others_no_longer_than_anybody() {
    let others = runtime();
    let (own, mut members, room) = crowded_room(0, &others);
    let registry = Arc::clone(&members[0].registry);
    {
        let _inside = own.enter();
        members.push(member(&registry, ""));
    }
    say(&room, None, 300_000);
    {
        let _inside = others.enter();
        members.extend((0..5).map(|_| member(&registry, "")));
    }
    let (much, little) = (&members[2], &members[3]);
    for _ in 0..10 {
        _ = say_to(&room, Some(much), 1_000_000, |_| false);
    }
    _ = say_to(&room, Some(little), 100_000, |_| false);
    let goes_on = |sender: &MembershipGuard, looks| {
        (0..looks).any(|_| {
            room.look(Duration::ZERO);
            !sender.connection.backlog.over_high_water()
        })
    };
    assert!(goes_on(much, 1));
    assert!(!goes_on(little, 10), "it is held");
    assert!(goes_on(little, 200));
}

#[test]
fn a_part_of_a_large_room_that_is_looked_at_stands_for_all_of_it() {
    let runtime = runtime();
    let (_others, mut members, room) = crowded_room(0, &runtime);
    let registry = Arc::clone(&members[0].registry);
    let _inside = runtime.enter();
    members.extend((1..400).map(|_| member(&registry, "")));
    say(&room, None, 600_000);
    members.extend((400..3000).map(|_| member(&registry, "")));
    let sender = &members[2999];
    let first = members[0].connection.id;
    let say_to_first = |bytes| assert_eq!(say_to(&room, Some(sender), bytes, |member| member.id == first).refused, 0);
    let is_held_after_a_look = || {
        let due = room.lock().flushing.take_due();
        room.settle(due.senders);
        room.look(Duration::ZERO);
        sender.connection.backlog.over_high_water()
    };
    for _ in 0..300 {
        say_to_first(100);
        is_held_after_a_look();
    }
    say_to_first(100_000);
    is_held_after_a_look();
    say_to_first(100_000);
    assert!((0..10).all(|_| is_held_after_a_look()));
}

#[test]
fn a_broadcast_is_compressed_once_for_all_who_share_a_window_and_for_nobody_else() {
    const SMALL: &str = "permessage-deflate; server_max_window_bits=9";
    let mut registry = Registry::new();
    registry.add::<()>(TypeId::of::<()>(), || None, None);
    let registry = Arc::new(registry);
    let offers = ["", "permessage-deflate", SMALL, "permessage-deflate", "", SMALL];
    let mut members = Vec::from(offers.map(|offer| member(&registry, offer)));
    let room = registry.room(0, "/").unwrap();
    let plain = frame(Opcode::Text, "again and again ".repeat(3000).as_bytes());
    let send = |exclusions: &Exclusions, from: Option<&Arc<Member>>| {
        let before = COMPRESSED.get();
        let frame = PreparedFrame::new(plain.clone(), room.windows(from, exclusions), &Compression::default());
        let _: Sent = room.send(frame, &sending(None, exclusions), |_| true);
        COMPRESSED.get() - before
    };
    assert_eq!(send(&Exclusions::default(), None), 2);
    let heard: Vec<Vec<u8>> = members.iter().map(|member| member.connection.outbox().take()).collect();
    assert!(heard[0] == plain[..] && heard[4] == plain[..]);
    assert!(heard[1] == heard[3] && heard[2] == heard[5] && heard[1] != heard[2]);
    assert!([1, 2].iter().all(|at| heard[*at][0] == 0xC1 && heard[*at].len() < plain.len() / 2));

    members.truncate(3);
    members.remove(1);
    let sender = Arc::clone(&members[1].connection);
    assert_eq!(send(&Exclusions::others(sender.id), Some(&sender)), 0);
    assert_eq!(send(&Exclusions::from(sender.id), Some(&sender)), 1);
    members.truncate(1);
    assert_eq!(send(&Exclusions::default(), None), 0);
}
