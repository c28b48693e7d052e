//! Tests of the lock: the rating of changes, the check, and the file.

mod asks;
mod binary;
mod change;
mod check;
mod classes;
mod envelopes;
mod faults;
mod fingerprint;
mod history;
mod older;
mod presence;
mod replace;
mod settle;
mod subprotocols;

use crate::protocol::describe::{
    AnswerKind, AnswerShape, ChannelShape, Content, Definition, Field, Kind, MessageShape, Param, Tagging, Type,
    Variant,
};
use crate::protocol::lock::text::{joined, read, sections, write};
use crate::protocol::lock::{Lock, Section, channel};
use crate::protocol::subprotocols::Subprotocols;

const TEXT: Type = Type::Text { format: None };
const U8: Type = Type::Integer { signed: false, bits: 8 };

static MOVE: MessageShape = MessageShape::new(
    "move",
    "",
    Content::Plain { texts: "to from piece \0\0Where it stands.\0", types: &[TEXT, TEXT, PIECE] },
);

const PIECE: Type = Type::Named(&Definition::new(
    "Piece",
    "game",
    Kind::Enum {
        tagging: Tagging::Adjacent { tag: "kind", content: "of" },
        variants: &[
            Variant::new("man", Content::Unit),
            Variant::new("king", Content::Fields { fields: &[Field::new("crowns", U8)], closed: true }),
        ],
    },
));

static GAME: ChannelShape = ChannelShape {
    name: "Game",
    docs: "",
    pattern: "/game/:id",
    params: &[Param { name: "id", docs: "", ty: U8 }],
    needs: &[],
    envelope: None,
    subprotocols: Subprotocols::NONE,
    rooms: &[],
    history: None,
    histories: &[],
    presence: None,
    from_client: &[MOVE, MessageShape::unit("a name: 50% odd", "")],
    answers: &[AnswerShape { optional: true, ..AnswerShape::of(AnswerKind::One("moved")) }, AnswerShape::UNKNOWN],
    timeout_ms: |_| None,
    batched: &[],
    to_client: &[MessageShape::unit("moved", "")],
    accepts_text: false,
    sends_text: false,
    accepts_binary: true,
    sends_binary: false,
    hooks: &["on_binary"],
    is_whole: true,
};

const WRITTEN: &str = "
channel /game/:id
/ id: u8
> (binary)
> a%20name%3A%2050%25%20odd
> move
> move from: string
> move piece: Piece
> move to: string
< move (answer): moved | nothing
< moved

type Piece
> |: adjacent kind of
> | king
> | king *: no other keys
> | king crowns: u8
> | man
";

/// The changes from one form of a channel to another, as they are reported.
fn changes(from: &ChannelShape, to: &ChannelShape) -> Vec<String> {
    let sections = read(&write(&sections(&[*from]), "accept")).expect("it can be compared");
    let texts: Vec<_> = sections.into_iter().map(|section| (section.header, joined(&section.lines))).collect();
    let sections: Vec<_> = texts.iter().map(|(header, lines)| Section { header, lines, sum: 0 }).collect();
    let lock = Lock { file: "x.lock", command: "accept", sections: &sections };
    let said = channel(&lock, to).map(|text| text.as_str().to_owned()).unwrap_or_default();
    said.lines().filter_map(|line| line.strip_prefix("  ")).map(Into::into).collect()
}
