//! Questions in the lock: the line of what clients answer, and what a change of it means.

use super::{GAME, PIECE, TEXT, U8, WRITTEN, changes};
use crate::protocol::describe::{ChannelShape, EnvelopeShape, MessageShape, Type};
use crate::protocol::lock::fingerprint::fingerprint;
use crate::protocol::lock::text::{sections, write};

const MOVED: MessageShape = MessageShape::unit("moved", "");

macro_rules! asking {
    ($answer:expr) => {{
        const ASKED: &[MessageShape] = &[MOVED.answered($answer)];
        ChannelShape { to_client: ASKED, ..GAME }
    }};
}

fn written(shape: ChannelShape) -> String {
    let text = write(&sections(&[shape]), "accept");
    let (_, lines) = text.split_once("\nversion ").unwrap();
    lines.to_owned()
}

#[test]
fn what_answers_a_question_is_a_line_of_version_2_and_its_type_is_read() {
    let line = "< moved\n> moved (answer): success u8\n";
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&written(asking!(U8))), sorted(&format!("2\n{}", WRITTEN.replacen("< moved\n", line, 1))));
    let only_read = ChannelShape { from_client: &[], answers: &[], ..asking!(PIECE) };
    assert!(written(only_read).contains("> |: adjacent kind of"), "{}", written(only_read));
}

#[test]
fn in_another_envelope_a_lock_is_as_it_was() {
    let other = EnvelopeShape {
        name: "other",
        answers: true,
        rooms: false,
        topics: false,
        asks_one_by_one: Some(false),
        most_in_batch: 0,
    };
    let (with, without) = (asking!(U8), GAME);
    let of = |shape| fingerprint(&[ChannelShape { envelope: Some(other), ..shape }]);
    assert_eq!(of(with), of(without));
    assert_ne!(fingerprint(&[with]), fingerprint(&[without]));
}

#[test]
fn another_answer_breaks_those_who_give_the_old_one() {
    const LONG: Type = Type::Integer { signed: false, bits: 16 };
    let (byte, long, text, none) = (asking!(U8), asking!(LONG), asking!(TEXT), GAME);
    let answer = |change: &str| [change.to_owned()];
    assert_eq!(changes(&byte, &long), answer("fine: `> moved (answer): success u16` (was `success u8`) is wider now"));
    assert_eq!(
        changes(&long, &byte),
        answer("breaks: `> moved (answer): success u8` (was `success u16`) is narrower now")
    );
    assert_eq!(
        changes(&byte, &text),
        answer("breaks: `> moved (answer): success string` (was `success u8`) has another type now")
    );
    assert_eq!(
        changes(&none, &byte),
        answer("see: `> moved (answer): success u8` is new: it was no question, and old clients don't answer it")
    );
    assert_eq!(
        changes(&byte, &none),
        answer(
            "fine: `> moved (answer): success u8` is gone: it is no question now, and old clients hear it as any message"
        )
    );
}

#[test]
fn a_question_that_comes_or_goes_is_one_change() {
    let silent = ChannelShape { to_client: &[], ..GAME };
    assert_eq!(changes(&silent, &asking!(U8)), ["fine: `< moved` is new".to_owned()]);
    assert_eq!(changes(&asking!(U8), &silent), ["breaks: `< moved` is gone, and old clients wait for it".to_owned()]);
}
