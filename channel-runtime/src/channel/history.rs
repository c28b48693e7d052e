//! Which rooms of a channel have a history, and the checks that the numbers of what is recorded have a place on its wire.

use crate::channel::room::RoomName;
use crate::channel::{Channel, Route};
use crate::protocol::const_text::ConstText;
use crate::protocol::describe::{AnswerKind, AnswerShape};
use crate::protocol::envelope::Envelope;
use crate::protocol::history::History;
use crate::protocol::kind::kind_of;

/// That of the room with this name. `None` if nothing of it is kept.
pub(crate) fn of_room<C: Route>(name: &str) -> Option<History> {
    match RoomName::of(name) {
        RoomName::Path => C::HISTORY,
        RoomName::Declared(name) => {
            let (kind, _) = name.split_once(':')?;
            C::HISTORIES.iter().find(|(other, _)| *other == kind).map(|(_, history)| *history)
        }
        RoomName::All => None,
    }
}

/// Whether any room of the channel has one.
pub(crate) const fn is_kept<C: Route>() -> bool {
    C::HISTORY.is_some() || !C::HISTORIES.is_empty()
}

/// Fails, in a constant, if the channel's texts have no place for a number.
#[track_caller]
pub const fn numbered<C: Channel>() {
    if !C::IS_WHOLE || C::READS_FLAT {
        return;
    }
    let mut text = ConstText::<512>::new();
    if C::TAKES_TEXT {
        text.push_all(&["`", C::NAME, "` takes raw text, and its clients read no numbers"]);
    } else {
        text.push_all(&[
            "the envelope `",
            <C::Envelope as Envelope>::NAME,
            "` has no place for the numbers of a history",
        ]);
    }
    text.push("\ntake `history` away, and send in `on_connect` what a client has missed");
    panic!("{}", text.as_str());
}

/// Fails, in a constant, if this is what the hook `snapshot` returns, and it has no place for the number that it needs.
#[track_caller]
pub const fn snapshot_numbered<C: Channel>(returned: AnswerShape) {
    let AnswerKind::One(kind) = returned.kind else { return };
    assert!(
        C::HISTORY.is_none() || kind_of(kind).is_none(),
        "a binary message has no place for the number by which it is known whether a client has had the snapshot\n\
         return a text message: it may have the bytes in a field"
    );
}
