//! What is seen of who is present, in the lock: its line, its type, and what a change of them means.

use super::{GAME, WRITTEN, changes};
use crate::protocol::describe::{ChannelShape, Content, Definition, Field, Kind, PresenceShape, Type};
use crate::protocol::lock::fingerprint::fingerprint;
use crate::protocol::lock::text::{sections, write};
use crate::protocol::presence::PresenceBounds;

const U8: Type = Type::Integer { signed: false, bits: 8 };

static SEEN: Definition = Definition::new(
    "Seen",
    "game",
    Kind::Struct(Content::Fields { fields: &[Field::new("cursor", U8)], closed: false }),
);

static OTHER: Definition =
    Definition::new("Other", "game", Kind::Struct(Content::Fields { fields: &[], closed: false }));

const fn game(seen: Type, grace: u64) -> ChannelShape {
    ChannelShape { presence: Some(PresenceShape { seen, bounds: PresenceBounds::new(grace, 250, 200) }), ..GAME }
}

#[test]
fn its_line_names_what_is_seen_whose_type_is_there_too() {
    let text = write(&sections(&[game(Type::Named(&SEEN), 1)]), "accept");
    let (_, lines) = text.split_once("\nversion ").unwrap();
    let expected = WRITTEN.replacen("/ id", "(presence): Seen\n/ id", 1) + "\ntype Seen\n< cursor: u8\n";
    assert_eq!(lines, format!("2\n{expected}"));
}

#[test]
fn the_bounds_are_in_no_fingerprint() {
    let of = |shape| fingerprint(&[shape]);
    assert_eq!(of(game(Type::Named(&SEEN), 1)), of(game(Type::Named(&SEEN), 2)));
    assert_ne!(of(game(Type::Named(&SEEN), 1)), of(GAME));
}

#[test]
fn it_breaks_no_client_whether_it_comes_or_goes() {
    let seen = game(Type::Named(&SEEN), 1);
    assert_eq!(changes(&GAME, &seen), ["fine: `(presence): Seen` is new: old clients pass over who is present"]);
    assert_eq!(changes(&seen, &GAME), ["fine: `(presence): Seen` is gone: nobody is present for old clients"]);
    let other = changes(&seen, &game(Type::Named(&OTHER), 1));
    assert_eq!(other.len(), 1, "{other:?}");
    assert!(other[0].starts_with("unclear: `(presence)`") || other[0].contains("names another type now"), "{other:?}");
}
