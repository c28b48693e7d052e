//! The fingerprint of the wire, and of a section.

use super::{GAME, TEXT};
use crate::protocol::describe::{ChannelShape, Content, MessageShape, Type};
use crate::protocol::lock::fingerprint::{fingerprint, section, sum};
use crate::protocol::lock::line::Line;
use crate::protocol::lock::lines::Lines;
use crate::protocol::lock::{Lock, Section, channel};

#[test]
fn names_mean_nothing_in_a_line() {
    let mut line = Line::new();
    line.push_escaped("a b:c?d%é#");
    assert_eq!(line.as_str(), "a%20b%3Ac%3Fd%25é%23");
}

#[test]
fn a_fingerprint_tells_the_wire_and_nothing_else() {
    let of = |change: fn(&mut ChannelShape)| {
        let mut game = GAME;
        change(&mut game);
        fingerprint(&[game])
    };
    let now = of(|_| ());
    assert!(now.len() == 16 && now.bytes().all(|byte| byte.is_ascii_hexdigit()), "{now}");
    assert_eq!(now, of(|game| game.docs = "a game"));
    assert_eq!(now, of(|game| game.name = "Chess"));
    assert_eq!(now, of(|game| game.hooks = &[]));
    assert_ne!(now, of(|game| game.pattern = "/games/:id"));
    assert_ne!(now, of(|game| game.to_client = &[]));
    assert_ne!(now, of(|game| game.accepts_binary = false));
    assert_ne!(now, of(|game| game.accepts_text = true));
    assert_ne!(now, of(|game| game.sends_text = true));
    let other = ChannelShape { pattern: "/other", ..GAME };
    assert_eq!(fingerprint(&[GAME, other]), fingerprint(&[other, GAME]));
    const IN_A_CONSTANT: u64 = sum(&[GAME]);
    assert_eq!(now, format!("{IN_A_CONSTANT:016x}"));
    // A promise: clients store it.
    assert_eq!(now, "3fdbd6d396a1a3ae");
}

#[test]
fn a_section_has_the_sum_that_the_macros_have_for_its_lines() {
    // The tests of the macros have the same number.
    assert_eq!(section(Lines::of_channel(&SAY)), 0xbb02_0708_26bd_b0a5);
    let lock = Lock { file: "x.lock", command: "accept", sections: &[] };
    assert!(channel(&lock, &SAY).is_some());
    let sections =
        [Section { header: "channel /chat/:room", lines: "> else\n", sum: section(Lines::of_channel(&SAY)) }];
    assert!(channel(&Lock { sections: &sections, ..lock }, &SAY).is_none());
}

static SAY: ChannelShape = ChannelShape {
    name: "Chat",
    pattern: "/chat/:room",
    params: &[],
    from_client: &[MessageShape::new(
        "say",
        "",
        Content::Plain { texts: "text loud ", types: &[TEXT, Type::Nullable(&Type::Bool)] },
    )],
    answers: &[],
    to_client: &[],
    accepts_text: false,
    sends_text: false,
    accepts_binary: false,
    ..GAME
};
