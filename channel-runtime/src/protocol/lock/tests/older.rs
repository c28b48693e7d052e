//! The former fingerprints of a channel: which ones the lock keeps, and what a server knows by them.

use super::{GAME, MOVE, PIECE, TEXT, U8};
use crate::protocol::describe::{
    AnswerKind, AnswerShape, ChannelShape, Content, Definition, FaultKind, Faults, Field, Kind, MessageShape, Tagging,
    Type, Variant,
};
use crate::protocol::lock::fingerprint::sum;
use crate::protocol::lock::former::FormerChannel;
use crate::protocol::lock::older::{MOST_FORMER, former};
use crate::protocol::lock::text::{Former, Written, read, sections, write};
use crate::protocol::lock::{Compatibility, Older, Wire};

/// A page of pieces, whose argument is in it, and whose next page is of the same type.
const PAGE: Type = Type::Named(&Definition {
    name: "Page of",
    module: "game",
    arguments: &[PIECE, TEXT],
    docs: "",
    deprecated: None,
    kind: Kind::Struct(Content::Fields {
        fields: &[
            Field::new("items", Type::List(&PIECE)),
            Field::new("next", Type::Nullable(&Type::Recursive("Page of"))),
            Field::new("by", Type::Record { key: &TEXT, value: &Type::Array(&SEAT, 2) }),
        ],
        closed: false,
    }),
});

const SEAT: Type = Type::Named(&Definition {
    name: "Seat",
    module: "game",
    arguments: &[],
    docs: "",
    deprecated: None,
    kind: Kind::Enum {
        tagging: Tagging::External,
        variants: &[Variant::new("red", Content::Unit), Variant::new("white", Content::As(Type::Opaque("Piece")))],
    },
});

/// It writes the types that [`GAME`] reads.
static LIBRARY: ChannelShape = ChannelShape {
    pattern: "/library",
    params: &[],
    from_client: &[MessageShape::unit("open", ""), MessageShape::unit("Seat", "")],
    answers: &[AnswerShape { optional: true, ..AnswerShape::of(AnswerKind::Data(Some(PAGE))) }, SEATED],
    to_client: &[MessageShape::new("Seat", "", Content::As(Type::Literal("Piece"))), MOVE],
    accepts_binary: false,
    ..GAME
};

/// The name of a message and of no type.
const SEATED: AnswerShape = AnswerShape::of(AnswerKind::One("Seat"));

fn lock(channels: &[ChannelShape]) -> Vec<Written> {
    read(&write(&sections(channels), "accept")).unwrap()
}

/// The sections after one list has become another, as they are written.
fn accepted(old: &[Written], channels: &[ChannelShape]) -> Vec<Written> {
    let mut new = sections(channels);
    for shape in channels {
        let header = format!("channel {}", shape.pattern);
        let section = new.iter_mut().find(|section| section.header == header).unwrap();
        section.former = former(shape, old);
    }
    read(&write(&new, "accept")).unwrap()
}

fn of<'a>(lock: &'a [Written], path: &str) -> &'a Former {
    &lock.iter().find(|section| section.header == format!("channel {path}")).unwrap().former
}

/// It fails with a type that nothing else of it has.
static AUCTION: ChannelShape = {
    const SAT: FaultKind = FaultKind::new("seat.taken", "taken", Content::Plain { texts: "seat ", types: &[SEAT] });
    const LOT: FaultKind = FaultKind::new("lot.sold", "sold", Content::As(PAGE));
    const FAULTS: &[Option<Faults>] = &[Some(Faults::new(&[SAT, LOT]))];
    const ANSWER: AnswerShape = AnswerShape::NOTHING.or_fails().with_faults(FAULTS);
    ChannelShape {
        pattern: "/auction",
        params: &[],
        from_client: &[MessageShape::unit("bid", "")],
        answers: &[ANSWER],
        to_client: &[],
        accepts_binary: false,
        ..GAME
    }
};

#[test]
fn a_lock_has_the_fingerprint_that_each_of_its_channels_has_alone() {
    let all = [GAME, LIBRARY, AUCTION];
    let lock = lock(&all);
    for shape in all {
        let section = lock.iter().find(|section| section.header == format!("channel {}", shape.pattern)).unwrap();
        assert_eq!(FormerChannel::of(section, &lock).fingerprint(), sum(&[shape]), "{}", shape.pattern);
    }
}

const WITH_A_REPLY: ChannelShape =
    ChannelShape { to_client: &[MessageShape::unit("moved", ""), MessageShape::unit("left", "")], ..GAME };

const WITH_TWO_REPLIES: ChannelShape = ChannelShape {
    to_client: &[MessageShape::unit("moved", ""), MessageShape::unit("left", ""), MessageShape::unit("won", "")],
    ..GAME
};

const SILENT: ChannelShape = ChannelShape { to_client: &[], ..GAME };

const RENAMED: ChannelShape = ChannelShape { pattern: "/game/:game", ..WITH_A_REPLY };

#[test]
fn what_was_fine_is_compatible_until_something_breaks() {
    let first = accepted(&[], &[GAME]);
    assert_eq!(of(&first, "/game/:id"), &Former::default());
    let second = accepted(&first, &[WITH_A_REPLY]);
    let game = sum(&[GAME]);
    assert_eq!(of(&second, "/game/:id"), &Former { compatible: vec![game], broken: vec![] });
    assert!(write(&second, "accept").contains("\nversion 2\n\nchannel /game/:id\n"));
    assert_eq!(accepted(&second, &[WITH_A_REPLY]), second, "nothing has changed");

    let third = accepted(&second, &[WITH_TWO_REPLIES]);
    let with_a_reply = sum(&[WITH_A_REPLY]);
    assert_eq!(of(&third, "/game/:id"), &Former { compatible: vec![game, with_a_reply], broken: vec![] });

    let fourth = accepted(&third, &[SILENT]);
    let with_two = sum(&[WITH_TWO_REPLIES]);
    assert_eq!(of(&fourth, "/game/:id"), &Former { compatible: vec![], broken: vec![game, with_a_reply, with_two] });

    // What is there again is the present one, and no former one.
    let fifth = accepted(&fourth, &[GAME]);
    let silent = sum(&[SILENT]);
    assert_eq!(of(&fifth, "/game/:id"), &Former { compatible: vec![silent], broken: vec![with_a_reply, with_two] });
}

#[test]
fn a_change_that_can_t_be_judged_makes_older_clients_unknown() {
    let lock = accepted(&lock(&[GAME]), &[WITH_A_REPLY]);
    let lock = accepted(&lock, &[RENAMED]);
    assert_eq!(of(&lock, "/game/:game"), &Former::default());
}

#[test]
fn what_is_broken_stays_so_through_fine_changes_and_others() {
    let lock = accepted(&lock(&[WITH_A_REPLY]), &[SILENT]);
    let broken = vec![sum(&[WITH_A_REPLY])];
    let lock = accepted(&lock, &[GAME]);
    assert_eq!(of(&lock, "/game/:id"), &Former { compatible: vec![sum(&[SILENT])], broken: broken.clone() });
    let lock = accepted(&lock, &[ChannelShape { pattern: "/game/:game", ..GAME }]);
    assert_eq!(of(&lock, "/game/:game"), &Former { compatible: vec![], broken });
}

/// [`PIECE`] with another variant.
const LARGER: Type = Type::Named(&Definition {
    name: "Piece",
    module: "game",
    arguments: &[],
    docs: "",
    deprecated: None,
    kind: Kind::Enum {
        tagging: Tagging::Adjacent { tag: "kind", content: "of" },
        variants: &[
            Variant::new("man", Content::Unit),
            Variant::new("king", Content::Fields { fields: &[Field::new("crowns", U8)], closed: true }),
            Variant::new("queen", Content::Unit),
        ],
    },
});

const fn moves(piece: &'static [Type]) -> MessageShape {
    MessageShape::new("move", "", Content::Plain { texts: "piece ", types: piece })
}

const SMALL: MessageShape = moves(&[PIECE]);

const LARGE: MessageShape = moves(&[LARGER]);

const READS: ChannelShape =
    ChannelShape { from_client: &[SMALL], answers: &[], to_client: &[], pattern: "/reads", ..GAME };

const READS_MORE: ChannelShape = ChannelShape { from_client: &[LARGE], ..READS };

const WRITES: ChannelShape =
    ChannelShape { from_client: &[], answers: &[], to_client: &[SMALL], pattern: "/writes", ..GAME };

const WRITES_MORE: ChannelShape = ChannelShape { to_client: &[LARGE], ..WRITES };

#[test]
fn a_type_of_two_channels_is_judged_for_each_by_its_own_directions() {
    let lock = accepted(&lock(&[READS, WRITES]), &[READS_MORE, WRITES_MORE]);
    assert_eq!(of(&lock, "/reads"), &Former { compatible: vec![sum(&[READS])], broken: vec![] });
    assert_eq!(of(&lock, "/writes"), &Former { compatible: vec![], broken: vec![sum(&[WRITES])] });
}

#[test]
fn a_type_that_is_new_in_a_direction_breaks_nobody() {
    let now = ChannelShape { to_client: &[SMALL], ..READS };
    let lock = accepted(&lock(&[READS]), &[now]);
    assert_eq!(of(&lock, "/reads"), &Former { compatible: vec![sum(&[READS])], broken: vec![] });
}

#[test]
fn a_change_of_another_channel_is_none() {
    let lock = accepted(&lock(&[GAME, LIBRARY]), &[GAME, ChannelShape { to_client: &[], ..LIBRARY }]);
    assert_eq!(of(&lock, "/game/:id"), &Former::default());
    assert_eq!(of(&lock, "/library").broken, [sum(&[LIBRARY])]);
}

#[test]
fn the_newest_are_kept() {
    let mut lock = lock(&[GAME]);
    let channel = lock.iter_mut().find(|section| section.header == "channel /game/:id").unwrap();
    channel.former.compatible = (1..=100).collect();
    // A merge may leave one twice.
    channel.former.compatible.push(100);
    let lock = accepted(&lock, &[WITH_A_REPLY]);
    let kept = &of(&lock, "/game/:id").compatible;
    assert_eq!(kept.len(), MOST_FORMER);
    assert_eq!((kept[0], kept[MOST_FORMER - 2], kept[MOST_FORMER - 1]), (70, 100, sum(&[GAME])));
}

#[test]
fn a_server_knows_a_client_by_its_fingerprint() {
    static OLDER: [Older; 2] = [
        Older { path: "/other", compatible: &[3], broken: &[4] },
        // A merge of two branches may leave one in both.
        Older { path: "/game/:id", compatible: &[1, 7, 8], broken: &[2, 8] },
    ];
    let wire = Wire::of(&GAME, &OLDER);
    assert_eq!(wire.compatibility(sum(&[GAME])), None);
    for (fingerprint, known) in [
        (1, Compatibility::Compatible),
        (7, Compatibility::Compatible),
        (2, Compatibility::Breaks),
        (8, Compatibility::Breaks),
        (3, Compatibility::Unknown),
        (4, Compatibility::Unknown),
        (0, Compatibility::Unknown),
    ] {
        assert_eq!(wire.compatibility(fingerprint), Some(known), "{fingerprint}");
        let without_a_lock = Wire::of(&GAME, &[]).compatibility(fingerprint);
        assert_eq!(without_a_lock, Some(Compatibility::Unknown));
    }
}
