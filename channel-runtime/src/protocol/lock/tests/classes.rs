//! The class of messages to clients in the lock: its lines, and what a change of them means.

use super::{GAME, MOVE, WRITTEN, changes};
use crate::protocol::describe::{ChannelShape, MessageShape};
use crate::protocol::lock::fingerprint::fingerprint;
use crate::protocol::lock::text::{sections, write};

const MOVED: MessageShape = MessageShape::unit("moved", "");

/// `GAME`, which says that something has moved only to who takes it at once.
const DROPPED: ChannelShape = ChannelShape { to_client: &[MOVED.volatile()], ..GAME };

fn written(shape: ChannelShape) -> String {
    let text = write(&sections(&[shape]), "accept");
    let (_, lines) = text.split_once("\nversion ").unwrap();
    lines.to_owned()
}

#[test]
fn a_class_has_a_line_of_version_2_and_is_in_the_fingerprint() {
    let with_class = WRITTEN.replacen("< moved\n", "< moved\n< moved (class): volatile\n", 1);
    assert_eq!(written(DROPPED), format!("2\n{with_class}"));
    assert_ne!(fingerprint(&[DROPPED]), fingerprint(&[GAME]));
    // What clients send is reliable, whatever else the server does with the struct.
    const SAID: &[MessageShape] = &[MOVE.volatile(), MessageShape::unit("a name: 50% odd", "")];
    let said = ChannelShape { from_client: SAID, ..GAME };
    assert_eq!(written(said), format!("1\n{WRITTEN}"));
}

#[test]
fn who_waits_for_each_one_is_broken_by_a_class_and_not_by_its_end() {
    assert_eq!(
        changes(&GAME, &DROPPED),
        ["breaks: `< moved (class): volatile` is new, and old clients wait for each one"]
    );
    assert_eq!(changes(&DROPPED, &GAME), ["fine: `< moved (class): volatile` is gone: each one is sent"]);
}

#[test]
fn of_a_message_that_is_new_or_gone_its_own_line_says_all() {
    const FLED: ChannelShape = ChannelShape { to_client: &[MOVED, MessageShape::unit("fled", "").volatile()], ..GAME };
    assert_eq!(changes(&GAME, &FLED), ["fine: `< fled` is new"]);
    assert_eq!(changes(&FLED, &GAME), ["breaks: `< fled` is gone, and old clients wait for it"]);
}

const NEWEST: ChannelShape = ChannelShape { to_client: &[MOVED.latest(Some("a b"), 100)], ..GAME };

#[test]
fn of_the_newest_the_line_has_key_and_time() {
    for (moved, line) in [
        (MOVED.latest(Some("a b"), 100), "latest(a%20b) every 100ms"),
        (MOVED.latest(Some("piece"), 0), "latest(piece)"),
        (MOVED.latest(None, 2000), "latest every 2000ms"),
        (MOVED.latest(None, 0), "latest"),
    ] {
        let to_client: &'static [MessageShape] = Box::leak(Box::new([moved]));
        let with_class = WRITTEN.replacen("< moved\n", &format!("< moved\n< moved (class): {line}\n"), 1);
        assert_eq!(written(ChannelShape { to_client, ..GAME }), format!("2\n{with_class}"));
    }
}

#[test]
fn who_waits_for_each_one_is_broken_by_the_newest_alone_and_who_waits_for_the_newest_by_volatile() {
    const OTHER: ChannelShape = ChannelShape { to_client: &[MOVED.latest(None, 200)], ..GAME };
    let line = "`< moved (class): latest(a%20b) every 100ms`";
    assert_eq!(changes(&GAME, &NEWEST), [format!("breaks: {line} is new, and old clients wait for each one")]);
    assert_eq!(changes(&NEWEST, &GAME), [format!("fine: {line} is gone: each one is sent")]);
    for (old, new, change) in
        [(&NEWEST, &OTHER, "fine: "), (&DROPPED, &NEWEST, "fine: "), (&NEWEST, &DROPPED, "breaks: ")]
    {
        let told = changes(old, new);
        assert!(told.len() == 1 && told[0].starts_with(change), "{told:?}");
    }
}
