//! The faults of a handler in a lock: their lines, and what becomes of clients if they change.

use super::{GAME, U8, changes};
use crate::protocol::describe::{
    AnswerKind, AnswerShape, ChannelShape, Content, FaultKind, Faults, Field, MessageShape, Type,
};
use crate::protocol::lock::lines::Lines;
use crate::protocol::lock::{Line, Lock, Types, fingerprint, rest};

const U16: Type = Type::Integer { signed: false, bits: 16 };
const OVER: FaultKind = FaultKind::new("bid.over", "the auction is over", Content::Unit);
const LOW: FaultKind = FaultKind::new("bid.low", "bid {least}", Content::Plain { texts: "least ", types: &[U8] });
const CHEAP: FaultKind = FaultKind::new("bid.low", "bid {least}", Content::Plain { texts: "least ", types: &[U16] });
const STEP: FaultKind = FaultKind::new(
    "bid.low",
    "",
    Content::Fields { fields: &[Field::new("least", U8), Field::new("step", U8)], closed: false },
);
const ALONE: FaultKind = FaultKind::new("bid.low", "", Content::As(U8));

const fn game(answers: &'static [AnswerShape]) -> ChannelShape {
    ChannelShape { answers, ..GAME }
}

macro_rules! with {
    ($($fault:expr),*) => {{
        const FAULTS: &[Option<Faults>] = &[Some(Faults::new(&[$($fault),*]))];
        const ANSWERS: &[AnswerShape] =
            &[AnswerShape::of(AnswerKind::One("moved")).or_fails().with_faults(FAULTS), AnswerShape::NOTHING];
        game(ANSWERS)
    }};
}

fn lines(shape: &ChannelShape) -> Vec<String> {
    let (mut lines, mut line, mut all) = (Lines::of_channel(shape), Line::new(), Vec::new());
    while lines.next(&mut line) {
        all.push(line.as_str().to_owned());
    }
    all.retain(|line| line.contains("(fault)"));
    all
}

#[test]
fn each_code_is_a_line_and_so_is_each_key_of_its_details() {
    assert_eq!(
        lines(&with!(LOW, OVER)),
        ["< move (fault) bid.low", "< move (fault) bid.low least: u8", "< move (fault) bid.over"]
    );
    assert_eq!(lines(&with!(ALONE)), ["< move (fault) bid.low", "< move (fault) bid.low ..: u8"]);
    assert_eq!(lines(&with!()), [""; 0]);
    // An error type whose faults are not known has no line, so that what uses no derive is locked as ever.
    let plain = AnswerShape::of(AnswerKind::One("moved")).or_fails();
    const UNKNOWN: &[Option<Faults>] = &[None];
    assert_eq!(plain.with_faults(UNKNOWN).each_fault().count(), 0);
    assert!(plain.with_faults(UNKNOWN).has_other_faults());
}

#[test]
fn a_fault_of_two_errors_of_one_handler_stands_once() {
    const FAULTS: &[Option<Faults>] = &[Some(Faults::new(&[LOW, OVER])), None, Some(Faults::new(&[OVER]))];
    const ANSWERS: &[AnswerShape] =
        &[AnswerShape::NOTHING.or_fails().or_fails().with_faults(FAULTS), AnswerShape::NOTHING];
    let both = game(ANSWERS);
    assert_eq!(lines(&both), lines(&with!(LOW, OVER)));
    assert!(!ANSWERS[0].has_other_faults());
    assert!(ANSWERS[0].or_fails().has_other_faults(), "a third error is not known");
}

#[test]
fn a_code_may_come_and_go_and_what_clients_read_of_its_details_may_not() {
    let (low, none) = (with!(LOW), with!());
    assert_eq!(
        changes(&none, &low),
        ["fine: `< move (fault) bid.low` is new: a client that does not know the code has the message"]
    );
    assert_eq!(changes(&low, &none), ["fine: `< move (fault) bid.low` is gone: old clients wait for it in vain"]);
    assert_eq!(changes(&low, &with!(STEP)), ["fine: `< move (fault) bid.low step: u8` is new"]);
    assert_eq!(
        changes(&with!(STEP), &low),
        ["breaks: `< move (fault) bid.low step: u8` is gone, and old clients read it"]
    );
    let wider = changes(&low, &with!(CHEAP));
    assert_eq!(wider.len(), 1, "{wider:?}");
    assert!(wider[0].starts_with("breaks: `< move (fault) bid.low least: u16` (was `u8`) is wider now"), "{wider:?}");
    assert_eq!(changes(&with!(CHEAP), &low).len(), 1);
    assert!(changes(&with!(CHEAP), &low)[0].starts_with("fine: "));
    let whole = changes(&low, &with!(ALONE));
    assert!(
        whole.iter().any(|change| change.starts_with("breaks: `< move (fault) bid.low least: u8` is gone")),
        "{whole:?}"
    );
}

#[test]
fn a_message_that_is_gone_takes_its_faults_with_it() {
    let low = with!(LOW, OVER);
    const OTHERS: &[MessageShape] = &[MessageShape::unit("a name: 50% odd", "")];
    const NOTHING: &[AnswerShape] = &[AnswerShape::NOTHING];
    let without = ChannelShape { from_client: OTHERS, answers: NOTHING, ..GAME };
    assert_eq!(changes(&low, &without), ["breaks: `> move` is gone, and old clients still say it"]);
    assert_eq!(changes(&without, &low), ["fine: `> move` is new"]);
}

#[test]
fn the_fingerprint_knows_which_handler_has_which_fault() {
    let of = |shape: ChannelShape| fingerprint(&[shape]);
    let plain = of(with!());
    assert_ne!(of(with!(LOW)), plain);
    assert_ne!(of(with!(LOW)), of(with!(CHEAP)));
    assert_eq!(of(with!(LOW, OVER)), of(with!(OVER, LOW)));
    const FAULTS: &[Option<Faults>] = &[Some(Faults::new(&[OVER]))];
    const FIRST: &[AnswerShape] = &[AnswerShape::NOTHING.or_fails().with_faults(FAULTS), AnswerShape::NOTHING];
    const SECOND: &[AnswerShape] = &[AnswerShape::NOTHING, AnswerShape::NOTHING.or_fails().with_faults(FAULTS)];
    assert_ne!(of(game(FIRST)), of(game(SECOND)));
}

#[test]
fn a_type_that_the_lock_can_not_see_into_is_told_of_in_a_fault_too() {
    const LOT: FaultKind = FaultKind::new(
        "bid.sold",
        "{lot} is sold",
        Content::Plain { texts: "lot ", types: &[Type::List(&Type::Undescribed("Lot"))] },
    );
    let channels = [with!(OVER, LOT)];
    let lock = Lock { file: "x.lock", command: "accept", sections: &[] };
    let said = rest(&lock, &channels, &Types::of(&channels)).unwrap();
    assert!(
        said.as_str().contains("\n  in the fault \"bid.sold\", `lot`: derive `Describe` on `Lot`"),
        "{}",
        said.as_str()
    );
}
