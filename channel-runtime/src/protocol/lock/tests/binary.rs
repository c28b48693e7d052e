//! Typed binary messages in the lock: their lines, and what a change of them means.

use super::check::said_of;
use super::{GAME, TEXT, U8};
use crate::protocol::describe::{
    AnswerKind, AnswerShape, ChannelShape, Content, MessageShape, Type, describe as description,
};
use crate::protocol::lock::change::Verdict::{Breaks, Fine, Unclear};
use crate::protocol::lock::change::{About, added, changed, removed};
use crate::protocol::lock::fingerprint::fingerprint;
use crate::protocol::lock::line::Entry;
use crate::protocol::lock::text::{read, sections, write};

const PIXEL: MessageShape =
    MessageShape::new("(binary 1) pixel", "", Content::Plain { texts: "x label ", types: &[U8, TEXT] });

/// What its own functions read and write.
const SOUND: MessageShape = MessageShape::new("(binary 255) sound", "", Content::As(Type::Opaque("bytes")));

const BOARD: ChannelShape = ChannelShape {
    pattern: "/board",
    params: &[],
    from_client: &[PIXEL, MessageShape::unit("ask", "")],
    answers: &[AnswerShape::of(AnswerKind::One("asked")), AnswerShape::of(AnswerKind::One("(binary 255) sound"))],
    to_client: &[SOUND, PIXEL],
    accepts_binary: false,
    ..GAME
};

const WRITTEN: &str = "2

channel /board
> (binary 1) pixel
> (binary 1) pixel label: string
> (binary 1) pixel x: u8
> ask
< (binary 1) pixel
< (binary 1) pixel (answer): asked
< (binary 1) pixel label: string
< (binary 1) pixel x: u8
< (binary 255) sound
< (binary 255) sound ..: opaque bytes
< ask (answer): (binary 255) sound
";

#[test]
fn they_stand_with_their_kinds_and_names_in_version_2() {
    let text = write(&sections(&[BOARD]), "accept");
    assert_eq!(text.split_once("\nversion ").unwrap().1, WRITTEN);
    assert!(read(&text).is_some(), "it can be compared");
}

#[test]
fn a_line_is_taken_apart_where_its_name_ends() {
    for (line, words, about) in [
        ("> (binary 1) pixel", ("(binary 1) pixel", ""), About::Message),
        ("> (binary 1) pixel x: u8", ("(binary 1) pixel", "x"), About::Field),
        ("< (binary 255) sound ..: opaque bytes", ("(binary 255) sound", ".."), About::Content),
        ("< (binary 1) pixel (answer): asked", ("(binary 1) pixel", "(answer)"), About::Answer),
        ("> (binary 1) pixel *: no other keys", ("(binary 1) pixel", "*"), About::Closed),
        ("> (binary)", ("(binary)", ""), About::Raw),
    ] {
        let entry = Entry::read(line);
        assert_eq!((entry.words(), entry.about(true)), (words, about), "{line}");
    }
}

#[test]
fn a_message_more_is_fine_and_a_field_more_is_for_the_codec_to_say() {
    let entry = Entry::read;
    let message = entry("> (binary 1) pixel");
    assert_eq!([added(message, true, false).verdict, removed(message, true).verdict], [Fine, Breaks]);
    for field in ["> (binary 1) pixel y?: u8 | null", "< (binary 1) pixel y: u8", "> (binary 1) pixel ..: opaque bytes"]
    {
        assert_eq!(
            [added(entry(field), true, false).verdict, removed(entry(field), true).verdict],
            [Unclear; 2],
            "{field}"
        );
    }
    let (narrow, wide) = (entry("> (binary 1) pixel x: u8"), entry("> (binary 1) pixel x: u16"));
    assert_eq!(changed(narrow, wide, true).verdict, Unclear, "a codec may write it in another length");
}

/// What the check reports of the board, if its lock is as it is written, but with these replacements.
fn said(replacements: &[(&str, &str)]) -> Vec<String> {
    let (_, mut locked) = WRITTEN.split_once('\n').map(|(version, lines)| (version, lines.to_owned())).unwrap();
    for (from, to) in replacements {
        assert!(locked.contains(from), "{from}");
        locked = locked.replace(from, to);
    }
    said_of(&BOARD, &locked)
}

const NAMED: &str = "has another name now, and only its kind is on the wire: is it the same message?";

#[test]
fn another_name_alone_is_asked_about_once_for_each_direction() {
    assert_eq!(said(&[]), [""; 0]);
    assert_eq!(
        said(&[("pixel", "zebra"), ("sound", "a")]),
        [
            format!("see: `> (binary 1) pixel`, in the lock `> (binary 1) zebra`, {NAMED}"),
            format!("see: `< (binary 255) sound`, in the lock `< (binary 255) a`, {NAMED}"),
            format!("see: `< (binary 1) pixel`, in the lock `< (binary 1) zebra`, {NAMED}"),
        ]
    );
    let swapped = [("(binary 1) pixel", "(binary 1) other"), ("sound", "pixel"), ("other", "sound")];
    let verdicts: Vec<_> =
        said(&swapped).iter().map(|change| change.split(", in").next().unwrap().to_owned()).collect();
    assert_eq!(
        verdicts,
        ["see: `> (binary 1) pixel`", "breaks: `< (binary 255) sound`", "breaks: `< (binary 1) pixel`"]
    );
}

#[test]
fn what_changes_beside_the_name_is_told_as_ever() {
    for (from, to, change) in [
        (
            "> (binary 1) dot x: u8",
            "> (binary 1) dot x: u16",
            "see: `> (binary 1) pixel x: u8` (was `u16`) has another type",
        ),
        ("> (binary 1) dot x: u8\n", "", "see: `> (binary 1) pixel x: u8` is new: does the codec"),
        (
            "< (binary 1) dot x",
            "< (binary 1) dot y: u8\n< (binary 1) dot x",
            "see: `< (binary 1) dot y: u8` is gone: does",
        ),
        (
            "< (binary 1) dot (answer): asked\n",
            "",
            "see: `< (binary 1) pixel (answer): asked` is new: nothing was sent",
        ),
        (": asked", ": other", "breaks: `< (binary 1) pixel (answer): asked` (was `other`) is another message now"),
        (
            ": (binary 255)",
            ": (binary 254)",
            "breaks: `< ask (answer): (binary 255) sound` (was `(binary 254) noise`) is",
        ),
    ] {
        let mut changes = said(&[("pixel", "dot"), ("sound", "noise"), (from, to)]);
        changes.retain(|change| !change.ends_with(NAMED));
        assert!(changes.len() == 1 && changes[0].starts_with(change), "{from}: {changes:?}");
    }
    let gone = removed(Entry::read("< (binary 1) pixel (answer): asked"), true);
    assert_eq!((gone.verdict, gone.text), (Breaks, "is gone: nothing is sent now"));
}

#[test]
fn a_kind_may_be_one_message_from_clients_and_another_one_to_them() {
    const OTHER: MessageShape = MessageShape::unit("(binary 1) sound", "");
    let shape = ChannelShape { to_client: &[OTHER], ..BOARD };
    let locked = "channel /board
> (binary 1) zebra
> (binary 1) zebra label: string
> (binary 1) zebra x: u8
> ask
< (binary 1) a
< (binary 1) zebra (answer): asked
< ask (answer): (binary 255) noise
";
    let said = said_of(&shape, locked);
    assert!(said.len() == 2 && said.iter().all(|change| change.ends_with(NAMED)), "{said:?}");
}

#[test]
fn a_kind_is_in_the_fingerprint_and_in_the_description() {
    let of = |from_client| fingerprint(&[ChannelShape { from_client, answers: &[], ..BOARD }]);
    assert_ne!(of(&[PIXEL]), of(&[MessageShape { wire_type: "(binary 2) pixel", ..PIXEL }]));
    let channel = &description(&[BOARD], String::new()).channels[0];
    assert_eq!((channel.from_client[0].kind, channel.from_client[1].kind), (Some(1), None));
    let replies: Vec<_> = channel.from_client.iter().map(|message| message.reply.as_ref().unwrap()).collect();
    assert_eq!((replies[0].binary, replies[1].binary), (false, true));
    assert_eq!(replies[1].messages, ["(binary 255) sound"]);
}
