//! Envelopes in the lock: their line, what a change of it means, and the version of the file.

use super::{GAME, WRITTEN, changes};
use crate::protocol::describe::{ChannelShape, EnvelopeShape};
use crate::protocol::lock::fingerprint::fingerprint;
use crate::protocol::lock::text::{sections, write};
use crate::protocol::subprotocols::Subprotocols;

const fn game(name: &'static str) -> ChannelShape {
    let envelope = EnvelopeShape {
        name,
        answers: true,
        rooms: false,
        topics: false,
        asks_one_by_one: Some(true),
        most_in_batch: 0,
    };
    ChannelShape { envelope: Some(envelope), subprotocols: Subprotocols::of(&["ocpp1.6"]), ..GAME }
}

const OWN: ChannelShape = ChannelShape { envelope: None, ..game("") };

#[test]
fn it_stands_first_and_in_version_2() {
    let written = |shape| {
        let text = write(&sections(&[shape]), "accept");
        let (_, lines) = text.split_once("\nversion ").unwrap();
        lines.to_owned()
    };
    let with = |lines: &str| format!("2\n{}", WRITTEN.replacen(":id\n", &format!(":id\n{lines}"), 1));
    let subprotocols = "(subprotocol): required\n(subprotocol) ocpp1.6\n";
    assert_eq!(written(game("ocpp1.6")), with(&format!("(envelope): ocpp1.6\n{subprotocols}")));
    assert_eq!(written(game("a: b")), with(&format!("(envelope): a%3A%20b\n{subprotocols}")));
    let alone = ChannelShape { subprotocols: Subprotocols::NONE, ..game("bare") };
    assert_eq!(written(alone), with("(envelope): bare\n"));
    assert_eq!(written(OWN), with(subprotocols));
    assert_eq!(written(GAME), format!("1\n{WRITTEN}"));
}

#[test]
fn another_one_breaks_old_clients() {
    for (from, to, expected) in [
        (OWN, game("bare"), "breaks: `(envelope): bare` is new, and old clients write in the framework's own envelope"),
        (game("bare"), OWN, "breaks: `(envelope): bare` is gone, and old clients write in it"),
        (
            game("bare"),
            game("phoenix.2"),
            "breaks: `(envelope): phoenix.2` (was `bare`) is another one now, and old clients write in the old one",
        ),
    ] {
        assert_eq!(changes(&from, &to), [expected]);
    }
    assert_eq!(changes(&game("bare"), &game("bare")), [""; 0]);
}

#[test]
fn its_name_is_in_the_fingerprint() {
    let of = |shape| fingerprint(&[shape]);
    assert_eq!(of(game("bare")), of(game("bare")));
    assert_ne!(of(game("bare")), of(game("phoenix.2")));
    assert_ne!(of(game("bare")), of(OWN));
}
