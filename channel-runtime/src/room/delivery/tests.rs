use std::any::TypeId;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use http::header::{HeaderMap, SEC_WEBSOCKET_EXTENSIONS};
use tokio::runtime::Builder;

use super::*;
use crate::connection::id::ConnectionId;
use crate::connection::in_flight::Activity;
use crate::room::exclusions::Exclusions;
use crate::room::membership::{MembershipGuard, NewConnection};
use crate::wire::deflate::{COMPRESSED, negotiate};
use crate::wire::frame::{Opcode, frame};

const COMPRESSES: &str = "permessage-deflate";
const SMALL: &str = "permessage-deflate; server_max_window_bits=9";

fn member(registry: &Arc<Registry>, offer: &str) -> MembershipGuard {
    let mut headers = HeaderMap::new();
    headers.insert(SEC_WEBSOCKET_EXTENSIONS, offer.parse().unwrap());
    let deflate = negotiate(&headers, &Compression::default()).map(|(agreed, _)| agreed);
    let member = registry.enter(NewConnection {
        id: ConnectionId::next(),
        channel: 0,
        room: "/".into(),
        user: None,
        deflate,
        subprotocol: 0,
        error_details: true,
        outbox_bytes: 1 << 20,
        activity: Activity::default(),
        pending: None,
        welcome: None,
    });
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
    registry.add::<()>(TypeId::of::<()>(), || None);
    let registry = Arc::new(registry);
    let members: Vec<_> = offers.iter().map(|offer| member(&registry, offer)).collect();
    let target = Target::Room("/".into());
    check(Lookup { registry: &registry, channel: 0, target: &target, exclusions: &Exclusions::default() }, &members);
}

fn delivery<'a>(lookup: Lookup<'a>, compression: &'a Compression) -> Delivery<'a> {
    Delivery { lookup, from: None, hub_backlog: None, compression: Some(compression), compressed: None, outgoing: None }
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
