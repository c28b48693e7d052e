//! What is kept and what may be sent again, in the lock: their lines, what a change of them means, and the version of the file.

use super::{GAME, MOVE, WRITTEN};
use crate::protocol::describe::{ChannelShape, MessageShape};
use crate::protocol::history::History;
use crate::protocol::lock::fingerprint::fingerprint;
use crate::protocol::lock::text::{sections, write};

const SMALL: History = History::new(20, 1024, 1000, 0);
const LARGE: History = History::new(500, 1 << 20, 60_000, 50);

const KEPT: ChannelShape = ChannelShape { history: Some(SMALL), ..GAME };
const OF_A_KIND: ChannelShape = ChannelShape { histories: &[("symbol", SMALL), ("lot", LARGE)], ..GAME };

/// `GAME`, whose first message may be sent again.
const ONCE: ChannelShape =
    ChannelShape { from_client: &[MOVE.idempotent(true), MessageShape::unit("a name: 50% odd", "")], ..GAME };

fn written(shape: ChannelShape) -> String {
    let text = write(&sections(&[shape]), "accept");
    let (_, lines) = text.split_once("\nversion ").unwrap();
    lines.to_owned()
}

fn changes(from: &ChannelShape, to: &ChannelShape) -> Vec<String> {
    super::changes(from, to)
}

#[test]
fn their_lines_are_of_version_2() {
    let with = |lines: &str| format!("2\n{}", WRITTEN.replacen(":id\n", &format!(":id\n{lines}"), 1));
    assert_eq!(written(GAME), format!("1\n{WRITTEN}"));
    assert_eq!(written(KEPT), with("(history)\n"));
    assert_eq!(written(OF_A_KIND), with("(history) lot\n(history) symbol\n"));
    let both = ChannelShape { history: Some(LARGE), ..OF_A_KIND };
    assert_eq!(written(both), with("(history)\n(history) lot\n(history) symbol\n"));
    assert_eq!(written(ONCE), format!("2\n{}", WRITTEN.replacen("> move\n", "> move\n> move (idempotent)\n", 1)));
}

#[test]
fn the_bounds_of_a_history_are_in_no_fingerprint() {
    let of = |shape| fingerprint(&[shape]);
    assert_eq!(of(KEPT), of(ChannelShape { history: Some(LARGE), ..GAME }));
    let all = [GAME, KEPT, OF_A_KIND, ONCE].map(of);
    for (at, one) in all.iter().enumerate() {
        assert!(!all[..at].contains(one), "{all:?}");
    }
}

#[test]
fn a_history_breaks_no_client_whether_it_comes_or_goes() {
    assert_eq!(
        changes(&GAME, &KEPT),
        [
            "fine: `(history)` is new: what is sent there has a number now, and a client that comes back hears what it missed"
        ]
    );
    assert_eq!(
        changes(&KEPT, &GAME),
        ["fine: `(history)` is gone: who comes back has always missed what was sent meanwhile"]
    );
    let one = ChannelShape { histories: &[("lot", SMALL)], ..GAME };
    assert_eq!(
        changes(&OF_A_KIND, &one),
        ["fine: `(history) symbol` is gone: who comes back has always missed what was sent meanwhile"]
    );
    assert_eq!(changes(&KEPT, &ChannelShape { history: Some(LARGE), ..GAME }), [""; 0]);
}

#[test]
fn a_message_that_is_sent_again_and_handled_twice_breaks_those_who_send_it() {
    assert_eq!(changes(&GAME, &ONCE), ["fine: `> move (idempotent)` is new: old clients never send it again"]);
    assert_eq!(
        changes(&ONCE, &GAME),
        [
            "breaks: `> move (idempotent)` is gone: old clients send it again when an answer is lost, and it is handled again"
        ]
    );
    // Of a message that is new, or gone, its own line says all.
    const ODD: &[MessageShape] = &[MessageShape::unit("a name: 50% odd", "")];
    let without = ChannelShape { from_client: ODD, answers: &[], ..GAME };
    assert!(changes(&without, &ONCE).iter().all(|change| !change.contains("idempotent")));
    assert!(changes(&ONCE, &without).iter().all(|change| !change.contains("idempotent")));
}
