//! Subprotocols in the lock: their lines, what a change of them means, and the version of the file.

use super::{GAME, WRITTEN};
use crate::protocol::describe::ChannelShape;
use crate::protocol::lock::change::Verdict::{Breaks, Fine};
use crate::protocol::lock::change::{added, removed};
use crate::protocol::lock::fingerprint::fingerprint;
use crate::protocol::lock::line::Entry;
use crate::protocol::lock::text::{sections, write};
use crate::protocol::subprotocols::Subprotocols;

const fn game(subprotocols: Subprotocols) -> ChannelShape {
    ChannelShape { subprotocols, ..GAME }
}

const BOTH: Subprotocols = Subprotocols::of(&["ocpp2.0.1", "ocpp1.6"]);
const ONE: Subprotocols = Subprotocols::of(&["ocpp1.6"]);

/// The changes from one list to the other.
fn changes(from: Subprotocols, to: Subprotocols) -> Vec<String> {
    super::changes(&game(from), &game(to))
}

#[test]
fn they_stand_first_and_in_version_2() {
    let written = |list| {
        let text = write(&sections(&[game(list)]), "accept");
        let (_, lines) = text.split_once("\nversion ").unwrap();
        lines.to_owned()
    };
    assert_eq!(written(Subprotocols::NONE), format!("1\n{WRITTEN}"));
    let with = |lines: &str| format!("2\n{}", WRITTEN.replacen(":id\n", &format!(":id\n{lines}"), 1));
    assert_eq!(written(BOTH), with("(subprotocol): required\n(subprotocol) ocpp1.6\n(subprotocol) ocpp2.0.1\n"));
    assert_eq!(written(ONE.closing(4406)), with("(subprotocol): required\n(subprotocol) ocpp1.6\n"));
    assert_eq!(written(ONE.optional()), with("(subprotocol) ocpp1.6\n"));
    let odd = Subprotocols::of(&["50%|#'*"]).optional();
    assert_eq!(written(odd), with("(subprotocol) 50%25%7C%23'%2A\n"));
}

#[test]
fn what_old_clients_may_still_offer_breaks_nobody() {
    for (from, to, expected) in [
        (ONE, BOTH, &["fine: `(subprotocol) ocpp2.0.1` is new"][..]),
        (BOTH, ONE, &["breaks: `(subprotocol) ocpp2.0.1` is gone, and old clients offer it"]),
        (ONE, ONE.optional(), &["fine: `(subprotocol): required` is gone: a client may offer none"]),
        (
            ONE.optional(),
            ONE.closing(4406),
            &["breaks: `(subprotocol): required` is new, and old clients that offer none are refused"],
        ),
        (Subprotocols::NONE, ONE.optional(), &["fine: `(subprotocol) ocpp1.6` is new"]),
        (
            Subprotocols::NONE,
            ONE,
            &[
                "breaks: `(subprotocol): required` is new, and old clients that offer none are refused",
                "fine: `(subprotocol) ocpp1.6` is new",
            ],
        ),
        (ONE, ONE.closing(1002), &[]),
    ] {
        assert_eq!(changes(from, to), expected);
    }
    let name = Entry::read("(subprotocol) ocpp1.6");
    assert_eq!([added(name, true, false).verdict, removed(name, true).verdict], [Fine, Breaks]);
    let required = Entry::read("(subprotocol): required");
    assert_eq!([added(required, true, false).verdict, removed(required, true).verdict], [Breaks, Fine]);
}

#[test]
fn their_order_and_how_a_client_is_refused_are_in_no_fingerprint() {
    let of = |list| fingerprint(&[game(list)]);
    let reversed = Subprotocols::of(&["ocpp1.6", "ocpp2.0.1"]);
    assert_eq!(of(BOTH), of(reversed));
    assert_eq!(of(BOTH), of(reversed.closing(4406)));
    let lists = [Subprotocols::NONE, ONE, ONE.optional(), BOTH];
    for (at, list) in lists.iter().enumerate() {
        assert!(lists[..at].iter().all(|other| of(*other) != of(*list)), "{list:?}");
    }
}
