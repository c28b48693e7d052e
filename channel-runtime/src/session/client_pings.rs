//! The pings of knowing clients: a page can send no protocol ping, so it sends a `$ping`, which is answered where it is read.
//!
//! The answer says that the server is there. So a handler that waits does not hold it back, and no hook hears of it.

use crate::connection::framework_frames::{PING, pong};
use crate::connection::outbox::{Outbox, Sender};
use crate::connection::receiver::{Checkpoint, Receiver};
use crate::protocol::codec;
use crate::protocol::message::Ref;

/// In bytes: enough for any `ref`, each of its characters escaped. A longer text is a message of a type that the channel does not have.
const LONGEST: usize = 1024;

/// Takes out the pings of a knowing client that were parked since, before anything is counted.
#[inline]
pub(super) fn answer(receiver: &mut Receiver, before: &Checkpoint, outbox: &Outbox) {
    if outbox.is_knowing() {
        answer_all(receiver, before, outbox);
    }
}

#[inline(never)]
fn answer_all(receiver: &mut Receiver, before: &Checkpoint, outbox: &Outbox) {
    receiver.take_uncounted_texts(before, |text| {
        let Some(reference) = ping(text) else { return false };
        let reference = reference.map(|reference| serde_json::to_string(&reference).expect("a `ref` is JSON"));
        // Refused only if the connection ends: nobody waits for a pong then.
        let _ = outbox.push(pong(reference.as_deref()), Sender::Own);
        true
    });
}

/// The `ref` of a ping. `None` if the text is no ping, or not a valid one.
fn ping(text: &str) -> Option<Option<Ref>> {
    let may_be = text.len() <= LONGEST && (text.contains(PING) || text.contains('\\'));
    may_be.then(|| codec::reference_of(text, PING)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ping_is_what_a_message_of_that_type_would_be() {
        let text = |text: &str| Some(Some(Ref::Text(text.into())));
        let longest = "\u{e4}".repeat(Ref::MAX_LEN / 2);
        let escaped: String = longest.chars().map(|_| "\\u00e4").collect();
        for (json, expected) in [
            (r#"{"type":"$ping"}"#.to_owned(), Some(None)),
            (r#"{"type":"$ping","ref":null}"#.into(), Some(None)),
            (r#"{"type":"$ping","ref":5}"#.into(), Some(Some(Ref::Number(5)))),
            (r#" {"ref": 5.0, "$extra": [1], "type": "$ping", "more": {}} "#.into(), Some(Some(Ref::Number(5)))),
            (r#"{"type":"\u0024ping","ref":"a\"b"}"#.into(), text("a\"b")),
            (format!(r#"{{"type":"$ping","ref":"{longest}"}}"#), text(&longest)),
            (format!(r#"{{"type":"$ping","ref":"{escaped}"}}"#), text(&longest)),
            (format!(r#"{{"type":"$ping","ref":"{longest}x"}}"#), None),
            (format!(r#"{{"type":"$ping","pad":"{}"}}"#, "x".repeat(LONGEST)), None),
            (r#"{"type":"$ping","ref":{}}"#.into(), None),
            (r#"{"type":"$ping","ref":1,"ref":2}"#.into(), None),
            (r#"{"type":"$ping","type":"$ping"}"#.into(), None),
            (r#"{"type":"$pings","ref":1}"#.into(), None),
            (r#"{"type":"say","text":"$ping"}"#.into(), None),
            (r#"{"type":"$ping""#.into(), None),
            (r#"[{"type":"$ping"}]"#.into(), None),
            ("$ping".into(), None),
        ] {
            assert_eq!(ping(&json), expected, "{json}");
        }
    }
}
