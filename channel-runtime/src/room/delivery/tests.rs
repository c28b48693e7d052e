use std::any::TypeId;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use tokio::runtime::{Builder, Handle};

use super::*;
use crate::room::exclusions::Exclusions;
use crate::room::membership::{MembershipGuard, NewConnection};
use crate::wire::deflate::{COMPRESSED, agreed};
use crate::wire::frame::{Opcode, frame};

const COMPRESSES: &str = "permessage-deflate";
const SMALL: &str = "permessage-deflate; server_max_window_bits=9";

fn member(registry: &Arc<Registry>, offer: &str) -> MembershipGuard {
    let member = registry.enter(NewConnection { deflate: agreed(offer), ..NewConnection::into_room("/") });
    member.connection.outbox().welcome_is_over();
    member
}

/// What leaves, and whether clients elsewhere read what is compressed.
#[derive(Default)]
struct Others {
    read: AtomicBool,
    bodies: Mutex<Vec<Body>>,
}

impl Outgoing for Others {
    fn append(&self, _: &Sending<'_>, body: Body) -> Elsewhere {
        // Who appends without the room's lock is overtaken.
        thread::yield_now();
        self.bodies.lock().unwrap().push(body);
        Elsewhere::Taken
    }

    fn longest(&self) -> usize {
        1 << 20
    }

    fn reads_compressed(&self) -> bool {
        self.read.load(Ordering::Relaxed)
    }
}

impl Others {
    /// Whether the message that left has its compressed form beside it.
    fn took_compressed(&self) -> bool {
        match self.bodies.lock().unwrap().pop() {
            Some(Body::Frame { compressed, .. }) => compressed.is_some_and(|frame| frame.bits == 15),
            other => panic!("{other:?}"),
        }
    }
}

fn text() -> Frame {
    frame(Opcode::Text, "again and again ".repeat(3000).as_bytes())
}

fn with_members(offers: &[&str], check: impl FnOnce(Lookup<'_>, &[MembershipGuard])) {
    let runtime = Builder::new_current_thread().build().unwrap();
    let _inside = runtime.enter();
    let mut registry = Registry::new();
    registry.add::<()>(TypeId::of::<()>(), || None, None);
    let registry = Arc::new(registry);
    let members: Vec<_> = offers.iter().map(|offer| member(&registry, offer)).collect();
    let target = Target::Room("/".into());
    check(Lookup { registry: &registry, channel: 0, target: &target, exclusions: &Exclusions::default() }, &members);
}

fn delivery<'a>(lookup: Lookup<'a>, compression: &'a Compression) -> Delivery<'a> {
    Delivery {
        lookup,
        from: None,
        hub_backlog: None,
        class: Class::Reliable,
        key: None,
        stamp: Stamp::NONE,
        compression: Some(compression),
        compressed: None,
        outgoing: None,
    }
}

#[test]
fn what_clients_elsewhere_read_compressed_is_compressed_here_once() {
    let (others, compression) = (Others::default(), Compression::default());
    with_members(&[""], |lookup, members| {
        let delivery = Delivery { outgoing: Some(&others), ..delivery(lookup, &compression) };
        let room = lookup.registry.room(0, "/").unwrap();
        let connection = Target::Connection(members[0].connection.id);
        let here = Delivery { lookup: Lookup { target: &connection, ..lookup }, ..delivery };
        let one = [Arc::clone(&members[0].connection)];
        for is_read in [false, true] {
            others.read.store(is_read, Ordering::Relaxed);
            let before = COMPRESSED.get();
            let _: Sent = delivery.to_room(&room, text());
            assert_eq!(others.took_compressed(), is_read);
            let _: Sent = delivery.to_members(&one, text(), |_| true);
            assert_eq!(others.took_compressed(), is_read);
            let _: Sent = delivery.to_absent_room(text());
            assert_eq!(others.took_compressed(), is_read);
            assert_eq!(COMPRESSED.get() - before, if is_read { 3 } else { 0 });
            assert_eq!(members[0].connection.outbox().take(), [&text()[..], &text()].concat());

            let before = COMPRESSED.get();
            assert_eq!(here.to_members(&one, text(), |_| true).elsewhere, Elsewhere::Nowhere);
            assert_eq!(COMPRESSED.get() - before, 0, "it stays here, where nobody reads it");
            members[0].connection.outbox().take();
        }
    });
}

#[test]
fn what_another_node_compressed_is_handed_on() {
    let compression = Compression::default();
    with_members(&["", COMPRESSES, SMALL, COMPRESSES], |lookup, members| {
        let compressed = Some(Compressed { bits: 15, payload: &b"as it came"[..] });
        let delivery = Delivery { compressed, ..delivery(lookup, &compression) };
        let room = lookup.registry.room(0, "/").unwrap();
        let before = COMPRESSED.get();
        assert_eq!(delivery.to_room(&room, text()).recipients, 4);
        assert_eq!(COMPRESSED.get() - before, 1, "for the small window");
        let heard: Vec<_> = members.iter().map(|member| member.connection.outbox().take()).collect();
        assert_eq!(heard[0], text()[..]);
        assert_eq!(heard[1], *b"\xC1\x0Aas it came");
        assert!(heard[2][0] == 0xC1 && heard[2] != heard[1] && heard[2].len() < text().len() / 2);
        assert_eq!(heard[3], heard[1]);
    });
}

#[test]
fn what_two_threads_send_to_a_room_leaves_in_the_order_in_which_it_is_heard_here() {
    let (others, compression) = (Others::default(), Compression::default());
    with_members(&[""], |lookup, members| {
        let delivery = Delivery { outgoing: Some(&others), ..delivery(lookup, &compression) };
        let (room, runtime) = (lookup.registry.room(0, "/").unwrap(), Handle::current());
        thread::scope(|scope| {
            for speaker in ["a", "b"] {
                let (room, runtime) = (&room, &runtime);
                scope.spawn(move || {
                    let _inside = runtime.enter();
                    for n in 0..1000 {
                        let text = format!("{speaker}{n}");
                        assert_eq!(delivery.to_room(room, frame(Opcode::Text, text.as_bytes())).recipients, 1);
                    }
                });
            }
        });
        let left = others.bodies.lock().unwrap().drain(..).fold(Vec::new(), |mut left, body| match body {
            Body::Frame { plain, .. } => {
                left.extend_from_slice(&plain);
                left
            }
            other => panic!("{other:?}"),
        });
        assert!(left == members[0].connection.outbox().take(), "here and elsewhere the order is another");
    });
}

fn to<'a>(lookup: Lookup<'a>, target: &'a Target, outgoing: Option<&'a dyn Outgoing>) -> Delivery<'a> {
    Delivery {
        lookup: Lookup { target, ..lookup },
        from: None,
        hub_backlog: None,
        class: Class::Reliable,
        key: None,
        stamp: Stamp::NONE,
        compression: None,
        compressed: None,
        outgoing,
    }
}

#[test]
fn a_join_of_others_is_handed_on_unless_it_is_of_one_that_is_here() {
    with_members(&["", ""], |lookup, members| {
        let others = Others::default();
        let bus = Some(&others as &dyn Outgoing);
        let left = || {
            let bodies = std::mem::take(&mut *others.bodies.lock().unwrap());
            let names = bodies.into_iter().map(|body| match body {
                Body::Join(room) => format!("+{room}"),
                Body::Leave(room) => format!("-{room}"),
                other => panic!("{other:?}"),
            });
            names.collect::<Vec<_>>()
        };
        let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
        let one = Target::Connection(members[0].connection.id);
        assert_eq!((to(lookup, &Target::All, bus).join(&a), left()), (2, vec!["+a".into()]));
        assert_eq!((to(lookup, &one, bus).join(&b), left()), (1, vec![]));
        assert_eq!((to(lookup, &Target::Room(a.clone()), bus).leave(&b), left()), (1, vec!["-b".into()]));
        assert_eq!((to(lookup, &one, bus).leave(&b), left()), (0, vec![]), "it is here, and no member");
        let elsewhere = Target::Connection("0-1".parse().unwrap());
        assert_eq!((to(lookup, &elsewhere, bus).leave(&a), left()), (0, vec!["-a".into()]));
        // As the inbound side calls it.
        assert_eq!((to(lookup, &Target::All, None).leave(&a), left()), (2, vec![]));
        assert!(lookup.registry.room(0, "a").is_none());
    });
}
