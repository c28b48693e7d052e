//! Fuzzes what nodes say to each other: what is read from a parcel is the same when it was written and read once more.

use std::any::TypeId;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::cluster::wire::{
    Address, Cargo, Content, Destination, Outbound, Parcel, ParcelWriter, Question, Record, ValueOf, ValueRef,
    record_bytes,
};
use crate::connection::user_key::UserKey;
use crate::room::outgoing::Body;
use crate::wire::close::{Close, ClosedBy};
use crate::wire::frame::{Compressed, Opcode, frame, payload};

/// Checks one parcel.
pub fn parcels(data: &[u8]) {
    let Ok(parcel) = Parcel::parse(data) else { return };
    let (head, mut foreign, mut outbound) = (parcel.head, 0, Vec::new());
    for record in parcel {
        match record {
            Ok(record) => outbound.push(owned(&record)),
            Err(_) => foreign += 1,
        }
    }
    assert_eq!(outbound.len() + foreign, head.count as usize, "each record is counted");
    let write = |outbound: &[Outbound]| {
        let mut writer = ParcelWriter::new(head.node, head.numbered);
        for each in outbound {
            let before = writer.len();
            writer.push(each);
            assert!(writer.len() - before <= record_bytes(each), "the bound is one");
        }
        assert_eq!(writer.count() as usize, outbound.len());
        writer.finish()
    };
    let written = write(&outbound);
    let parcel = Parcel::parse(&written).expect("what we write is a parcel");
    assert_eq!((parcel.head.node, parcel.head.numbered), (head.node, head.numbered));
    let again: Vec<_> = parcel.map(|record| owned(&record.expect("what we write is known"))).collect();
    let told = |several: &[Outbound]| several.iter().map(tell).collect::<Vec<_>>();
    assert_eq!(told(&again), told(&outbound));
    assert_eq!(write(&again), written, "one content has one form");
}

/// What a node would have to send, for another to read this.
pub(crate) fn owned(record: &Record<'_>) -> Outbound {
    let user = |name| UserKey::of_kind(TypeId::of::<str>(), name);
    let to = match &record.to {
        Address::All => Destination::All,
        Address::Room(name) => Destination::Room((*name).into()),
        Address::Rooms(rooms) => Destination::Rooms(rooms.clone().map(|(name, _)| name.into()).collect()),
        Address::Users(users) => Destination::Users(users.clone().map(user).collect()),
        Address::Connection(id) => Destination::Connection(*id),
        Address::User(name) => Destination::User(user(name)),
        Address::Nodes => Destination::Nodes,
    };
    let cargo = match record.content.clone() {
        Content::Frame { opcode, plain, compressed } => Cargo::Body(Body::Frame {
            plain: frame(opcode, plain),
            compressed: compressed
                .map(|Compressed { bits, payload }| Compressed { bits, payload: frame(opcode, payload) }),
        }),
        Content::Frames(frames) => {
            let frames = frames.map(|(opcode, payload)| frame(opcode, payload)).collect();
            let Address::Rooms(rooms) = &record.to else { panic!("frames are for rooms") };
            Cargo::Body(Body::Frames { frames, places: rooms.clone().map(|(_, at)| at).collect() })
        }
        Content::Topical { before, after, has_place } => Cargo::Body(Body::Topical {
            before: Bytes::copy_from_slice(before.as_bytes()),
            after: Bytes::copy_from_slice(after.as_bytes()),
            has_place,
        }),
        Content::Close { code, reason } => Cargo::Body(Body::Close(Close::new(ClosedBy::Server, code, reason))),
        Content::Move(path) => Cargo::Body(Body::Close(Close::moved(path))),
        Content::Notice { handler, json } => {
            Cargo::Body(Body::Notice { handler: kept(handler), json: Bytes::copy_from_slice(json) })
        }
        Content::Join(room) => Cargo::Body(Body::Join(Arc::from(room))),
        Content::Leave(room) => Cargo::Body(Body::Leave(Arc::from(room))),
        Content::Forget { of, stamp, key } => Cargo::Body(Body::Forget { of, stamp, key: Arc::from(key) }),
        Content::Question { id, timeout_ms, what } => {
            let what = match what {
                Question::Len => Question::Len,
                Question::Members => Question::Members,
                Question::Disconnect { code, reason } => Question::Disconnect { code, reason: reason.into() },
            };
            Cargo::Question { id, timeout_ms, what }
        }
        Content::Answer { id, json } => Cargo::Answer { id, json: Bytes::copy_from_slice(json) },
        Content::Hello(json) => Cargo::Hello(Bytes::copy_from_slice(json)),
        Content::Bye => Cargo::Bye,
        Content::Ask { digest } => Cargo::Ask { digest },
        Content::Value { node, opcode, plain } => Cargo::Value { node, frame: frame(opcode, plain) },
    };
    let mask = record.mask.clone().next().map(|_| Box::new(record.mask.exclusions(TypeId::of::<str>())));
    let newest = record.newest.map(|ValueRef { micros, key }| ValueOf { micros, key: Arc::from(key) });
    Outbound { channel: record.channel, to, class: record.class, newest, mask, cargo }
}

/// The names of handlers stand in the program for ever.
fn kept(name: &str) -> &'static str {
    static KEPT: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = kept.get_or_insert_default();
    kept.get(name).copied().unwrap_or_else(|| {
        let name = String::from(name).leak();
        kept.insert(name);
        name
    })
}

/// All that another node has to know, to compare and to print.
pub(crate) fn tell(outbound: &Outbound) -> String {
    let name = |user: &UserKey| user.name().to_owned();
    let names = |users: &[UserKey]| users.iter().map(name).collect::<Vec<_>>();
    let to = match &outbound.to {
        Destination::All => "all".to_owned(),
        Destination::Room(name) => format!("room {name:?}"),
        Destination::Rooms(rooms) => format!("rooms {rooms:?}"),
        Destination::Users(users) => format!("users {:?}", names(users)),
        Destination::Connection(id) => format!("connection {id}"),
        Destination::User(user) => format!("user {:?}", user.name()),
        Destination::Nodes => "nodes".to_owned(),
    };
    let mask = outbound.mask.as_ref().filter(|mask| mask.crosses());
    let mask = mask.map(|mask| {
        format!("{:?} {:?} {:?}", mask.except, names(&mask.except_users), mask.only_user.as_ref().map(name))
    });
    let shown = |frame: &[u8]| {
        let (opcode, payload) = payload(frame);
        format!("{opcode:?} {}", payload.escape_ascii())
    };
    let cargo = match &outbound.cargo {
        Cargo::Body(Body::Frame { plain, compressed }) => {
            let compressed = compressed.as_ref().map(|Compressed { bits, payload: frame }| {
                let (opcode, payload) = payload(frame);
                assert!(matches!(opcode, Opcode::Text | Opcode::Binary));
                format!("{bits} {}", payload.escape_ascii())
            });
            format!("frame {} {compressed:?}", shown(plain))
        }
        Cargo::Body(Body::Frames { frames, places }) => {
            format!("frames {:?} {places:?}", frames.iter().map(|frame| shown(frame)).collect::<Vec<_>>())
        }
        Cargo::Body(Body::Topical { before, after, has_place }) => format!("topical {before:?} {has_place} {after:?}"),
        Cargo::Body(Body::Close(close)) => format!("close {:?} {:?} {:?}", close.code, close.reason, close.moved_to()),
        Cargo::Body(Body::Notice { handler, json }) => format!("notice {handler:?} {json:?}"),
        Cargo::Body(Body::Join(room)) => format!("join {room:?}"),
        Cargo::Body(Body::Leave(room)) => format!("leave {room:?}"),
        Cargo::Body(Body::Forget { of, stamp, key }) => format!("forget {of:?} {stamp:?} {key:?}"),
        Cargo::Question { id, timeout_ms, what } => format!("question {id} {timeout_ms} {what:?}"),
        Cargo::Answer { id, json } => format!("answer {id} {json:?}"),
        Cargo::Hello(json) => format!("hello {json:?}"),
        Cargo::Bye => "bye".to_owned(),
        Cargo::Ask { digest } => format!("ask {digest}"),
        Cargo::Value { node, frame } => format!("value {node} {}", shown(frame)),
    };
    let Outbound { class, channel, newest, .. } = outbound;
    format!("{class:?} {newest:?} {channel} to {to}, not to {mask:?}: {cargo}")
}
