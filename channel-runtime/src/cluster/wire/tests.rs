use std::any::TypeId;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::LazyJust;

use super::mask::Excluded;
use super::read::{BadParcel, Foreign};
use super::*;
use crate::room::class::{Class, LatestClass, TypeHash};
use crate::room::newest::Stamp;
use crate::testing::fuzz::parcels::{owned, tell};
use crate::wire::close::{Close, ClosedBy};
use crate::wire::frame::{Compressed, Frame, Opcode, frame};

const NODE: NodeId = NodeId(0x0102_0304_0506_0708);

fn user(name: &str) -> UserKey {
    UserKey::of_kind(TypeId::of::<str>(), name)
}

fn parcel(numbered: Numbered, outbound: &[Outbound]) -> Bytes {
    let mut writer = ParcelWriter::new(NODE, numbered);
    outbound.iter().for_each(|each| writer.push(each));
    writer.finish()
}

fn to(to: Destination, cargo: Cargo) -> Outbound {
    Outbound { channel: 7, to, class: Class::Reliable, newest: None, mask: None, cargo }
}

fn one(outbound: Outbound) -> Bytes {
    parcel(Numbered::From(1), &[outbound])
}

fn read(parcel: &[u8]) -> Result<Vec<Result<String, Foreign>>, BadParcel> {
    Ok(Parcel::parse(parcel)?.map(|record| record.map(|record| tell(&owned(&record)))).collect())
}

fn arb_name() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[a-z]{1,4}", "\\PC{0,8}", "x{126,130}"]
}

fn arb_micros() -> impl Strategy<Value = u64> {
    1..=Stamp::MOST_MICROS
}

fn arb_room() -> impl Strategy<Value = Arc<str>> {
    arb_name().prop_map(Arc::from)
}

fn arb_user() -> impl Strategy<Value = UserKey> {
    arb_name().prop_map(|name| user(&name))
}

fn arb_connection() -> impl Strategy<Value = ConnectionId> {
    any::<(u64, u64)>().prop_map(|(node, serial)| ConnectionId::of(node, serial))
}

fn arb_code() -> impl Strategy<Value = CloseCode> {
    any::<u16>().prop_filter_map("no code", CloseCode::new)
}

fn arb_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(any::<u8>(), 0..20), vec(any::<u8>(), 120..132), Just(vec![b'x'; 16_400])]
}

fn arb_json() -> impl Strategy<Value = Bytes> {
    arb_bytes().prop_map(Bytes::from)
}

fn arb_text() -> impl Strategy<Value = Bytes> {
    "\\PC{0,40}".prop_map(Bytes::from)
}

fn arb_frame() -> impl Strategy<Value = Frame> {
    (any::<bool>(), arb_bytes())
        .prop_map(|(binary, payload)| frame(if binary { Opcode::Binary } else { Opcode::Text }, &payload))
}

fn arb_to() -> impl Strategy<Value = Destination> {
    prop_oneof![
        LazyJust::new(|| Destination::All),
        arb_room().prop_map(Destination::Room),
        vec(arb_room(), 0..5).prop_map(Destination::Rooms),
        vec(arb_user(), 0..5).prop_map(Destination::Users),
        arb_connection().prop_map(Destination::Connection),
        arb_user().prop_map(Destination::User),
        LazyJust::new(|| Destination::Nodes),
    ]
}

fn arb_mask() -> impl Strategy<Value = Option<Box<Exclusions>>> {
    let exclusions = (vec(arb_connection(), 0..4), vec(arb_user(), 0..4), option::of(arb_user()), any::<bool>());
    let exclusions = exclusions.prop_map(|(except, except_users, only_user, others)| {
        let sender = ConnectionId::of(1, 1);
        let mut exclusions = if others { Exclusions::others(sender) } else { Exclusions::from(sender) };
        (exclusions.except, exclusions.except_users, exclusions.only_user) = (except, except_users, only_user);
        Box::new(exclusions)
    });
    option::of(exclusions)
}

fn arb_question() -> impl Strategy<Value = Question> {
    prop_oneof![
        Just(Question::Len),
        Just(Question::Members),
        (arb_code(), arb_name())
            .prop_map(|(code, reason)| Question::Disconnect { code, reason: reason.into_boxed_str() }),
    ]
}

fn arb_cargo() -> impl Strategy<Value = Cargo> {
    prop_oneof![
        (arb_frame(), option::of((9..=15u8, arb_frame()))).prop_map(|(plain, compressed)| {
            let compressed = compressed.map(|(bits, payload)| Compressed { bits, payload });
            Cargo::Body(Body::Frame { plain, compressed })
        }),
        (arb_text(), arb_text(), any::<bool>())
            .prop_map(|(before, after, has_place)| { Cargo::Body(Body::Topical { before, after, has_place }) }),
        (option::of(arb_code()), arb_name()).prop_map(|(code, reason)| Cargo::Body(Body::Close(Close::new(
            ClosedBy::Server,
            code,
            reason
        )))),
        arb_name().prop_map(|name| Cargo::Body(Body::Close(Close::moved(&format!("/{name}"))))),
        (prop_oneof![Just("role_changed"), Just("")], arb_json())
            .prop_map(|(handler, json)| Cargo::Body(Body::Notice { handler, json })),
        arb_room().prop_map(|room| Cargo::Body(Body::Join(room))),
        arb_room().prop_map(|room| Cargo::Body(Body::Leave(room))),
        (any::<u32>(), arb_micros(), any::<u64>(), arb_room()).prop_map(|(of, micros, node, key)| {
            Cargo::Body(Body::Forget { of: TypeHash(of), stamp: Stamp { micros, node }, key })
        }),
        (any::<u64>(), any::<u32>(), arb_question()).prop_map(|(id, timeout_ms, what)| Cargo::Question {
            id,
            timeout_ms,
            what
        }),
        (any::<u64>(), arb_json()).prop_map(|(id, json)| Cargo::Answer { id, json }),
        arb_json().prop_map(Cargo::Hello),
        LazyJust::new(|| Cargo::Bye),
    ]
}

fn arb_value() -> impl Strategy<Value = Option<ValueOf>> {
    let value = (arb_micros(), arb_room()).prop_map(|(micros, key)| ValueOf { micros, key });
    option::of(value)
}

fn arb_one_room() -> impl Strategy<Value = Destination> {
    prop_oneof![LazyJust::new(|| Destination::All), arb_room().prop_map(Destination::Room)]
}

/// What is asked, and what is answered: a value that its node has, for one room.
fn arb_newest() -> impl Strategy<Value = Outbound> {
    let value = (any::<u32>(), arb_micros(), arb_room(), any::<u64>(), arb_frame(), arb_mask());
    let value = value.prop_map(|(of, micros, key, node, frame, mask)| Outbound {
        class: Class::LatestElsewhere(TypeHash(of)),
        newest: Some(ValueOf { micros, key }),
        mask,
        ..to(Destination::All, Cargo::Value { node, frame })
    });
    let ask = any::<u64>().prop_map(|digest| to(Destination::All, Cargo::Ask { digest }));
    (prop_oneof![value, ask], arb_one_room()).prop_map(|(outbound, to)| Outbound { to, ..outbound })
}

/// Frames for rooms, some of which share one.
fn arb_frames() -> impl Strategy<Value = (Destination, Cargo)> {
    (vec(arb_frame(), 1..4), vec((arb_room(), any::<Index>()), 0..8)).prop_map(|(frames, rooms)| {
        let places = rooms.iter().map(|(_, at)| at.index(frames.len())).collect();
        let rooms = rooms.into_iter().map(|(room, _)| room).collect();
        (Destination::Rooms(rooms), Cargo::Body(Body::Frames { frames, places }))
    })
}

fn arb_sent() -> impl Strategy<Value = Outbound> {
    let sent = prop_oneof![4 => (arb_to(), arb_cargo()), 1 => arb_frames()];
    let class = prop_oneof![
        3 => Just(Class::Reliable),
        1 => any::<u32>().prop_map(|hash| Class::Volatile(TypeHash(hash))),
        1 => any::<u32>().prop_map(|hash| Class::LatestElsewhere(TypeHash(hash))),
    ];
    (any::<u32>(), sent, class, arb_value(), arb_mask()).prop_map(|(channel, (to, cargo), class, value, mask)| {
        Outbound {
            channel,
            to,
            class,
            newest: value.filter(|_| matches!(class, Class::LatestElsewhere(_))),
            mask,
            cargo,
        }
    })
}

fn arb_outbound() -> impl Strategy<Value = Outbound> {
    prop_oneof![9 => arb_sent(), 1 => arb_newest()]
}

prop_compose! {
    fn arb_numbered()(first: u64, kind in 0..3) -> Numbered {
        match kind {
            0 => Numbered::From(first >> 1),
            1 => Numbered::Before(first),
            _ => Numbered::Not,
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(numbered in arb_numbered(), outbound in vec(arb_outbound(), 0..6)) {
        let mut writer = ParcelWriter::new(NODE, numbered);
        for each in &outbound {
            let before = writer.len();
            writer.push(each);
            let (taken, most) = (writer.len() - before, record_bytes(each));
            let rooms = if let Destination::Rooms(rooms) = &each.to { rooms.len() } else { 0 };
            prop_assert!(taken <= most && most <= 2 * taken + 40 + 8 * rooms, "{taken} bytes of {most}");
        }
        let (len, bytes) = (writer.len(), writer.finish());
        prop_assert!(bytes.len() <= len && len <= bytes.len() + 4);
        let head = Parcel::parse(&bytes).unwrap().head;
        prop_assert_eq!(head, Head { node: NODE, numbered, count: outbound.len() as u32 });
        let expected: Vec<_> = outbound.iter().map(|each| Ok(tell(each))).collect();
        prop_assert_eq!(read(&bytes), Ok(expected));
    }

    #[test]
    fn nothing_is_allocated_to_read(numbered in arb_numbered(), outbound in vec(arb_outbound(), 0..6)) {
        let bytes = parcel(numbered, &outbound);
        let (mut records, mut items) = (0, 0);
        let allocated = allocation_counter::measure(|| {
            for record in Parcel::parse(&bytes).unwrap() {
                let record = record.unwrap();
                records += 1;
                items += match record.to {
                    Address::Rooms(rooms) => rooms.count(),
                    Address::Users(users) => users.count(),
                    _ => 1,
                };
                if let Content::Frames(frames) = record.content {
                    items += frames.count();
                }
            }
        });
        prop_assert_eq!((records, allocated.count_total), (outbound.len(), 0));
        prop_assert!(items <= bytes.len());
    }

    #[test]
    fn a_part_of_a_parcel_is_none(outbound in vec(arb_outbound(), 0..4), cut: Index) {
        let bytes = parcel(Numbered::From(1), &outbound);
        let cut = &bytes[..cut.index(bytes.len())];
        prop_assert!(Parcel::parse(cut).is_err());
        prop_assert!(Parcel::parse(&[&bytes[..], &[0]].concat()).is_err());
    }

    #[test]
    fn a_changed_parcel_is_read_without_a_panic(outbound in vec(arb_outbound(), 1..4), changes in vec(any::<(Index, u8)>(), 1..4)) {
        let mut bytes = parcel(Numbered::From(1), &outbound).to_vec();
        for (at, to) in changes {
            let at = at.index(bytes.len());
            bytes[at] = to;
        }
        crate::testing::fuzz::parcels(&bytes);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in vec(any::<u8>(), 0..200), count in 0..5u8) {
        crate::testing::fuzz::parcels(&bytes);
        let head = parcel(Numbered::From(1), &[]);
        crate::testing::fuzz::parcels(&[&head[..head.len() - 1], &[count], &bytes].concat());
    }
}

/// A parcel with this record alone, whose length is put in front.
fn record(record: &[u8]) -> Vec<u8> {
    let head = parcel(Numbered::From(1), &[]);
    [&head[..head.len() - 1], &[1, record.len() as u8], record].concat()
}

#[test]
fn what_is_unknown_is_passed_over() {
    let known = || to(Destination::All, Cargo::Body(Body::Join("r".into())));
    let mut bytes = parcel(Numbered::From(1), &[known(), known(), known()]).to_vec();
    let second = bytes.len() - 2 * (bytes.len() - parcel(Numbered::From(1), &[known(), known()]).len());
    bytes[second + 1] = 11;
    let told = Ok(tell(&known()));
    assert_eq!(read(&bytes), Ok(vec![told.clone(), Err(Foreign), told]));
}

#[test]
fn what_is_broken_within_is_passed_over() {
    let cases: [(&str, &[u8]); 24] = [
        ("nothing", b""),
        ("a kind of the future", b"\x0BCCCC\0\0"),
        ("a target of the future", b"\x0ACCCC\x07\0"),
        ("a mask of the future", b"\x0ACCCC\0\x01\x04"),
        ("two that are the only one", b"\x0ACCCC\0\x02\x03\x01a\x03\x01b"),
        ("a mask that is cut", b"\x0ACCCC\0\x01\x01NNNNNNNNSSSSSSS"),
        ("a count that lies", b"\x0ACCCC\x03\xFF\xFF\xFF\xFF\x0F\0"),
        ("a number over 32 bits", b"\x0ACCCC\x03\xFF\xFF\xFF\xFF\x10\0"),
        ("a number without its end", b"\x0ACCCC\x03\x80\x80\x80\x80\x80"),
        ("a number not in its shortest form", b"\x0ACCCC\x03\x80\0\0"),
        ("a name that is not UTF-8", b"\x0ACCCC\x01\x01\xFF\0"),
        ("more than its content", b"\x0ACCCC\0\0x"),
        ("a frame that is not for rooms", b"\x01CCCC\0\0\x01\0\0"),
        ("a frame that is not there", b"\x01CCCC\x02\x01\x01r\x01\0\x01\0\0"),
        ("a frame where there is one content", b"\x05CCCC\x02\x01\x01r\x01\0\x01q"),
        ("a window that is too small", b"\x00CCCC\0\0\x10\0"),
        ("a flag of the future", b"\x00CCCC\0\0\x20\0"),
        ("compressed frames for rooms", b"\x01CCCC\x02\x01\x01r\0\0\x01\x1E\0"),
        ("bytes behind a frame that is not compressed", b"\x00CCCC\0\0\0\0x"),
        ("a code that is never in a frame", b"\x03CCCC\0\0\xEE\x03"),
        ("a stamp that is too great", b"\x0CCCCC\0\0HHHHMMMMMMM\x01NNNNNNNNk"),
        ("a value without its key", b"\x0ECCCC\0\0NNNNNNNN\0x"),
        ("a question to users", b"\x0DCCCC\x03\0\0DDDDDDDD"),
        ("a stamp that is cut", b"\x0CCCCC\0\0HHHHMMMMMMM\0NNNNNNN"),
    ];
    for (what, bytes) in cases {
        assert_eq!(read(&record(bytes)), Ok(vec![Err(Foreign)]), "{what}");
    }
}

#[test]
fn a_bad_parcel_says_why() {
    let good = parcel(Numbered::From(u64::MAX), &[]);
    assert!(Parcel::parse(&good).is_ok());
    let changed = |at: usize, byte| {
        let mut bytes = good.to_vec();
        bytes[at] = byte;
        Parcel::parse(&bytes).map(|parcel| parcel.head)
    };
    assert_eq!(changed(0, b'c'), Err(BadParcel::Strange));
    assert_eq!(changed(2, 2), Err(BadParcel::Version(2)));
    assert_eq!(changed(11, 2), Err(BadParcel::Cut), "a lane of the future");
    assert_eq!(changed(11, 255), Err(BadParcel::Cut), "numbers, where there are none");
    assert_eq!(changed(20, 1), Err(BadParcel::Cut), "a record that is missing");
    let bye = || to(Destination::Nodes, Cargo::Bye);
    assert_eq!(read(&parcel(Numbered::From(u64::MAX), &[bye()])), Err(BadParcel::Cut), "a number beyond the last");
    assert_eq!(Parcel::parse(b"").unwrap_err(), BadParcel::Strange);
    assert_eq!(Parcel::parse(b"C1").unwrap_err(), BadParcel::Cut);
    let claim = [&good[..20], &[0xFF, 0xFF, 0xFF, 0xFF, 0x0F]].concat();
    assert_eq!(Parcel::parse(&claim).unwrap_err(), BadParcel::Cut);
}

/// Nodes of different builds read each other.
#[test]
fn the_bytes_of_version_1_stay() {
    let json = || Bytes::from_static(b"{}");
    let text = |text: &str| frame(Opcode::Text, text.as_bytes());
    let body = |at: Destination, body| to(at, Cargo::Body(body));
    let id = || ConnectionId::of(0x1112_1314_1516_1718, 0x2122_2324_2526_2728);
    let mut exclusions = Exclusions::others(id());
    exclusions.except = vec![id()];
    exclusions.except_users = vec![user("a")];
    exclusions.only_user = Some(user("b"));
    let compressed = Some(Compressed { bits: 15, payload: frame(Opcode::Text, b"z") });
    let cases: [(Outbound, &[u8]); 19] = [
        (body(Destination::All, Body::Frame { plain: text("{}"), compressed: None }), b"\x0B\0\x07\0\0\0\0\0\0\x02{}"),
        (
            body(Destination::Room("r".into()), Body::Frame { plain: text("{}"), compressed }),
            b"\x0E\0\x07\0\0\0\x01\x01r\0\x1E\x02{}z",
        ),
        (
            body(Destination::All, Body::Frame { plain: frame(Opcode::Binary, b"{}"), compressed: None }),
            b"\x0B\0\x07\0\0\0\0\0\x01\x02{}",
        ),
        (
            body(Destination::Rooms(vec!["q".into(), "r".into()]), Body::Frames { frames: vec![text("1"), text("2")], places: vec![0, 1] }),
            b"\x15\x01\x07\0\0\0\x02\x02\x01q\0\x01r\x01\0\x02\0\x011\0\x012",
        ),
        (
            body(
                Destination::Users(vec![user("u"), user("v")]),
                Body::Topical { before: "[".into(), after: "]".into(), has_place: true },
            ),
            b"\x10\x02\x07\0\0\0\x03\x02\x01u\x01v\0\x01\x01[]",
        ),
        (
            body(
                Destination::Connection(id()),
                Body::Close(Close::new(ClosedBy::Server, CloseCode::NORMAL, "bye")),
            ),
            b"\x1C\x03\x07\0\0\0\x04\x18\x17\x16\x15\x14\x13\x12\x11\x28\x27\x26\x25\x24\x23\x22\x21\0\xE8\x03bye",
        ),
        (body(Destination::All, Body::Close(Close::new(ClosedBy::Server, None, ""))), b"\x09\x03\x07\0\0\0\0\0\0\0"),
        (
            body(Destination::All, Body::Close(Close::new(ClosedBy::Server, CloseCode::MOVED, "/b"))),
            b"\x0B\x03\x07\0\0\0\0\0\xD3\x10/b",
        ),
        (body(Destination::All, Body::Close(Close::moved("/b"))), b"\x09\x0B\x07\0\0\0\0\0/b"),
        (
            body(Destination::User(user("u")), Body::Notice { handler: "role", json: json() }),
            b"\x10\x04\x07\0\0\0\x05\x01u\0\x04role{}",
        ),
        (body(Destination::All, Body::Join("r".into())), b"\x09\x05\x07\0\0\0\0\0\x01r"),
        (body(Destination::All, Body::Leave("r".into())), b"\x09\x06\x07\0\0\0\0\0\x01r"),
        (
            body(
                Destination::All,
                Body::Forget { of: TypeHash(0x0403_0201), stamp: Stamp { micros: 5, node: 6 }, key: "k".into() },
            ),
            b"\x1C\x0C\x07\0\0\0\0\0\x01\x02\x03\x04\x05\0\0\0\0\0\0\0\x06\0\0\0\0\0\0\0k",
        ),
        (
            to(Destination::Nodes, Cargo::Question { id: 1, timeout_ms: 1000, what: Question::Len }),
            b"\x14\x07\x07\0\0\0\x06\0\x01\0\0\0\0\0\0\0\xE8\x03\0\0\0",
        ),
        (
            Outbound {
                mask: Some(Box::new(exclusions)),
                ..to(
                    Destination::All,
                    Cargo::Question {
                        id: 1,
                        timeout_ms: 1000,
                        what: Question::Disconnect { code: CloseCode::POLICY, reason: "no".into() },
                    },
                )
            },
            b"\x2F\x07\x07\0\0\0\0\x03\x01\x18\x17\x16\x15\x14\x13\x12\x11\x28\x27\x26\x25\x24\x23\x22\x21\x02\x01a\x03\x01b\x01\0\0\0\0\0\0\0\xE8\x03\0\0\x02\xF0\x03no",
        ),
        (
            to(Destination::Nodes, Cargo::Answer { id: 1, json: json() }),
            b"\x11\x08\x07\0\0\0\x06\0\x01\0\0\0\0\0\0\0{}",
        ),
        (to(Destination::Nodes, Cargo::Hello(json())), b"\x09\x09\x07\0\0\0\x06\0{}"),
        (to(Destination::Nodes, Cargo::Bye), b"\x07\x0A\x07\0\0\0\x06\0"),
        (
            to(Destination::Room("r".into()), Cargo::Ask { digest: 5 }),
            b"\x11\x0D\x07\0\0\0\x01\x01r\0\x05\0\0\0\0\0\0\0",
        ),
    ];
    let head: &[u8] = b"C1\x01\x08\x07\x06\x05\x04\x03\x02\x01\x00\x05\0\0\0\0\0\0\0\x01";
    for (outbound, expected) in &cases {
        let bytes = parcel(Numbered::From(5), std::slice::from_ref(outbound));
        assert_eq!(bytes[..head.len()], *head);
        let behind = &bytes[head.len()..];
        assert_eq!(behind, *expected, "{}: {}", tell(outbound), behind.escape_ascii());
        assert_eq!(read(&bytes), Ok(vec![Ok(tell(outbound))]));
    }
    let volatile = Outbound {
        class: Class::Volatile(TypeHash(0x0403_0201)),
        ..body(Destination::All, Body::Frame { plain: text("{}"), compressed: None })
    };
    let said: &[u8] = b"\x1C\0\x07\0\0\0\0\x01\x01\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01\0\0\0\x01\x02\x03\x04\0\x02{}";
    let bytes = one(volatile);
    assert_eq!(bytes[head.len()..], *said, "{}", bytes[head.len()..].escape_ascii());
    let newest = Outbound {
        class: Class::LatestElsewhere(TypeHash(0x0403_0201)),
        newest: Some(ValueOf { micros: 5, key: "k".into() }),
        ..body(Destination::All, Body::Frame { plain: text("{}"), compressed: None })
    };
    let said: &[u8] = b"\x31\0\x07\0\0\0\0\x03\x01\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02\0\0\0\x01\x02\x03\x04\x01\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x03\x05\0\0\0\0\0\0\x02\x02\0k\0\x02{}";
    let (told, bytes) = (tell(&newest), one(newest));
    assert_eq!(bytes[head.len()..], *said, "{}", bytes[head.len()..].escape_ascii());
    assert_eq!(read(&bytes), Ok(vec![Ok(told)]));
    let to_one: &[u8] = b"C1\x01\x08\x07\x06\x05\x04\x03\x02\x01\xFF\0\0\0\0\0\0\0\0\0";
    assert_eq!(parcel(Numbered::Not, &[])[..], *to_one);
}

#[test]
fn a_mask_is_as_it_was() {
    let id = ConnectionId::of(1, 2);
    let mut sent = Exclusions::others(ConnectionId::of(3, 4));
    sent.except = vec![id];
    sent.except_users = vec![user("a")];
    assert!(sent.crosses() && !Exclusions::others(id).crosses());
    let bytes = one(Outbound { mask: Some(Box::new(sent)), ..to(Destination::All, Cargo::Bye) });
    let mask = Parcel::parse(&bytes).unwrap().next().unwrap().unwrap().mask;
    let read = mask.exclusions(TypeId::of::<str>());
    for (id, name, is_allowed) in [(1, "a", false), (2, "a", false), (2, "b", false), (3, "b", true)] {
        assert_eq!(read.allows(ConnectionId::of(1, id), Some(&user(name))), is_allowed, "{id} {name}");
    }
    assert_eq!(mask.collect::<Vec<_>>(), [Excluded::Connection(id), Excluded::User("a")]);
}

#[test]
fn a_class_excludes_nobody_and_nobody_can_say_one_by_an_id() {
    let class = Class::Volatile(TypeHash(7));
    let said = |class, except: &[ConnectionId]| {
        let mut mask = Exclusions::default();
        mask.except = except.to_vec();
        let bytes = one(Outbound { class, mask: Some(Box::new(mask)), ..to(Destination::All, Cargo::Bye) });
        let record = Parcel::parse(&bytes).unwrap().next().unwrap().unwrap();
        (record.class, record.mask.exclusions(TypeId::of::<str>()).except)
    };
    let made_up = super::said(class).unwrap();
    let other = ConnectionId::of(1, 2);
    assert_eq!(said(class, &[other]), (class, vec![other]));
    assert_eq!(said(Class::Reliable, &[made_up, other]), (Class::Reliable, vec![other]));
    assert_eq!(super::class(ConnectionId::of(made_up.node(), 3)), Some(Class::Reliable), "one of the future");
    let latest = Class::Latest(LatestClass { of: TypeHash(7), every_ms: 100 });
    assert_eq!(said(latest, &[other]), (Class::LatestElsewhere(TypeHash(7)), vec![other]));
}

/// As versions write it that have no tables for what other nodes send, and as they read it that know no class.
#[test]
fn a_newest_value_without_its_key_is_for_each_and_its_key_is_nobody() {
    let latest = Class::LatestElsewhere(TypeHash(7));
    let value = || Some(ValueOf { micros: 5, key: "k".into() });
    let mut mask = Exclusions::default();
    mask.except_users = vec![user("a"), user("\0k")];
    let sent = |newest| Outbound {
        class: latest,
        newest,
        mask: Some(Box::new(mask.clone())),
        ..to(Destination::All, Cargo::Bye)
    };
    let read = |newest| {
        let bytes = one(sent(newest));
        let record = Parcel::parse(&bytes).unwrap().next().unwrap().unwrap();
        let value = record.newest.map(|ValueRef { micros, key }| (micros, key.to_owned()));
        (record.class, value, record.mask.exclusions(TypeId::of::<str>()).except_users)
    };
    let users = mask.except_users.clone();
    assert_eq!(read(None), (latest, None, users.clone()));
    assert_eq!(read(value()), (latest, Some((5, "k".into())), users));
    // A stamp in another place is one of the future.
    let other = [super::said(Class::Volatile(TypeHash(1))).unwrap(), super::said_at(5)];
    assert!(other.iter().all(|id| super::class(*id).is_some()));
}

/// After one of them no node's own would be newer, or all would be.
#[test]
fn stamps_of_no_time_are_foreign() {
    let read = |outbound| Parcel::parse(&one(outbound)).unwrap().next().unwrap().is_ok();
    for (micros, is_one) in [(0, false), (1, true), (1 << 55, true), ((1 << 55) + 1, false), ((1 << 56) - 1, false)] {
        let newest = Some(ValueOf { micros, key: "k".into() });
        let class = Class::LatestElsewhere(TypeHash(7));
        assert_eq!(read(Outbound { class, newest, ..to(Destination::All, Cargo::Bye) }), is_one, "{micros}");
        let (of, stamp) = (TypeHash(7), Stamp { micros, node: 0 });
        let forget = Cargo::Body(Body::Forget { of, stamp, key: "k".into() });
        assert_eq!(read(to(Destination::All, forget)), is_one, "{micros}");
    }
}

#[test]
fn a_channel_has_its_number() {
    // The vectors of FNV-1a's authors.
    for (text, hash) in [("", 0x811C_9DC5), ("a", 0xE40C_292C), ("foobar", 0xBF9C_F968)] {
        assert_eq!(channel_hash(text), hash);
    }
}
