//! Fuzzes the envelopes, the crate's and one of a user's: `read` never panics and its slices are of the text, the ways to read a text
//! agree, and whatever a client names in it, what it is answered is one value of JSON, which a client reads.

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::json::has_fraction;
use crate::protocol::codec::samples::Game;
use crate::protocol::codec::{DecodeError, Decoded, EncodeError, Head, ReceivedBody, ReceivedText};
use crate::protocol::envelope::{
    Asks, Bare, Envelope, Flat, Incoming, IncomingMessage, JsonRpc, Malformed, Out, Outgoing, Phoenix, Places, array,
    string,
};
use crate::protocol::fault::Fault;
use crate::protocol::message::{Messages, Ref};

/// Checks one text. Bytes that are no UTF-8 are skipped.
pub fn envelopes(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    check::<Flat>(text);
    check::<Bare>(text);
    check::<JsonRpc>(text);
    check::<Phoenix>(text);
    check::<Calls>(text);
}

/// The connection's own.
pub(crate) const TOPIC: &str = "room:7";

fn check<E: Envelope>(text: &str) {
    read_is_sound(text, E::read(text));
    let topic = E::PLACES.has_topics().then_some(TOPIC);
    let Decoded { message, reference, .. } = E::decode::<Game>(text, topic);
    assert_eq!(E::reference(text), reference);
    assert!(E::PLACES.has_answers() || reference.is_none());
    match E::index::<Game>(text) {
        Some(index) => {
            let at = E::decode_at::<Game>(text, index, topic);
            assert_eq!((&at.message, &at.reference), (&message, &reference));
            assert!(message.as_ref().is_ok_and(|message| message.index() == index) || message.is_err());
        }
        None => assert!(message.is_err()),
    }
    let head = Head { reference: reference.as_ref(), room: topic };
    success_is_read::<E>(&json!({ "a": [text] }), head);
    match message {
        Ok(message) => {
            if !has_fraction(&message) {
                messages_survive::<E>(&message, Ref::Number(7));
            }
        }
        Err(error) => fault_is_read::<E>(error, head),
    }
}

fn read_is_sound(text: &str, read: Result<Incoming<'_>, Malformed>) {
    let is_within = |slice: &str| {
        let (text, slice) = (text.as_bytes().as_ptr_range(), slice.as_bytes().as_ptr_range());
        text.start <= slice.start && slice.end <= text.end
    };
    // What stands for a payload that is left out is no slice of the text.
    let is_value = |slice: &str| slice == "{}" || is_within(slice) && serde_json::from_str::<IgnoredAny>(slice).is_ok();
    match read {
        Ok(Incoming::Message(message)) => {
            assert!(is_value(message.payload), "{}", message.payload);
            assert!(!matches!(message.kind, Cow::Borrowed(kind) if !is_within(kind)), "{}", message.kind);
            for frame in message.or_reply {
                assert!(serde_json::from_str::<IgnoredAny>(&frame).is_ok(), "{frame}");
            }
        }
        Ok(Incoming::Answer { answer, .. }) => assert!(answer.is_err() || answer.is_ok_and(is_value)),
        Ok(Incoming::Batch(texts)) => {
            assert!(!texts.is_empty() && texts.into_iter().all(|text| is_within(text) && is_value(text)));
        }
        Err(Malformed { line, column, .. }) => {
            assert!(line <= text.matches('\n').count() + 1 && column <= text.len() + 1, "{line}:{column}");
        }
    }
}

/// `None` if the envelope has no place for it.
fn written(write: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>) -> Option<String> {
    let mut out = Vec::new();
    let written = write(&mut out);
    let text = String::from_utf8(out).expect("what is written is text");
    match written {
        Ok(()) => {
            assert!(serde_json::from_str::<IgnoredAny>(&text).is_ok(), "no JSON: {text}");
            Some(text)
        }
        Err(EncodeError::NoPlace { .. }) if text.is_empty() => None,
        Err(error) => panic!("{error}"),
    }
}

/// Whether these name the same: what a client has written as a number may be a string in the envelope.
fn is_for(found: Option<&Ref>, reference: &Ref) -> bool {
    found.is_some_and(|found| found.to_string() == reference.to_string())
}

#[track_caller]
fn received<E: Envelope>(text: &str) -> ReceivedText<Game> {
    E::receive::<Game>(text).unwrap_or_else(|error| panic!("{} does not read its own {text}: {error}", E::NAME))
}

fn success_is_read<E: Envelope>(data: &Value, head: Head<'_>) {
    let written = written(|out| E::success(Some((data, "now")), head, out));
    let Some(text) = written else { return assert!(!E::PLACES.has_answers() || head.reference.is_none()) };
    // What is repeated as it stood may be none of what a client of ours asks with.
    if let Ok(received) = E::receive::<Game>(&text) {
        assert_eq!(received.body, ReceivedBody::Success(data.clone()), "{text}");
    }
}

fn fault_is_read<E: Envelope>(error: DecodeError, head: Head<'_>) {
    let fault = Fault::from(error);
    let Some(text) = written(|out| E::fault(&fault, "now", head, out)) else {
        return assert!(!E::PLACES.has_answers() || head.reference.is_none(), "{fault}");
    };
    if let Ok(received) = E::receive::<Game>(&text) {
        let ReceivedBody::Error { fault: found, .. } = received.body else { panic!("{text}") };
        assert_eq!(
            (&found.code, &found.message, &found.details),
            (&fault.code, &fault.message, &fault.details),
            "{text}"
        );
    }
}

/// What one side writes, the other reads: a message, a question, its answers and its error.
pub(crate) fn messages_survive<E: Envelope>(message: &Game, reference: Ref) {
    let topic = E::PLACES.has_topics().then_some(TOPIC);
    let decode = |text: &str| {
        let Decoded { message: read, reference, .. } = E::decode::<Game>(text, topic);
        assert_eq!(read.as_ref(), Ok(message), "{text}");
        assert_eq!(E::index::<Game>(text), Some(message.index()), "{text}");
        reference
    };
    if let Some(said) = written(|out| E::encode_one_of(message, Head { reference: None, room: topic }, out)) {
        assert_eq!(decode(&said), None, "{said}");
        let received = received::<E>(&said);
        assert_eq!((received.body, received.reference), (ReceivedBody::Message(message.clone()), None), "{said}");
        assert_eq!(received.room.as_deref(), topic, "{said}");
    }
    let head = Head { reference: Some(&reference), room: topic };
    let asked = written(|out| E::ask_one_of(message, head, out)).expect("there is a place for what is asked");
    let found = decode(&asked);
    assert_eq!(found.is_some(), E::PLACES.has_answers(), "{asked}");
    if !E::PLACES.has_answers() {
        return;
    }
    let head = Head { reference: found.as_ref(), room: topic };
    let data = json!([null, { "x": "é\u{1}\"" }]);
    let fault = Fault::framework("game.full".into(), "\u{1b} full".to_owned()).with_details(&data);
    let answers = [
        written(|out| E::success(Some((&data, "now")), head, out)),
        written(|out| E::success(None::<(&(), &str)>, head, out)),
        written(|out| E::encode_one_of(message, head, out)),
        written(|out| E::fault(&fault, "now", head, out)),
    ];
    for (place, answer) in answers.into_iter().enumerate() {
        let answer = answer.expect("there is a place for an answer");
        let ReceivedText { reference: found, body, .. } = received::<E>(&answer);
        assert!(is_for(found.as_ref(), &reference), "{answer}");
        match (place, body) {
            (0, ReceivedBody::Success(found)) => assert_eq!(found, data, "{answer}"),
            (1 | 2, ReceivedBody::Success(_)) => {}
            (2, ReceivedBody::Message(found)) => assert_eq!(found, *message, "{answer}"),
            (3, ReceivedBody::Error { fault: found, .. }) => {
                assert_eq!(found.code, fault.code, "{answer}");
                assert_eq!((found.message, found.details), (fault.message.clone(), fault.details.clone()), "{answer}");
            }
            (_, body) => panic!("{body:?}, of {answer}"),
        }
    }
}

/// An envelope of a user's: `[2,id,type,payload]` and the answers `[3,id,payload]` and `[4,id,code,message,details]`, as in OCPP.
pub(crate) enum Calls {}

impl Envelope for Calls {
    const NAME: &'static str = "calls";
    const PLACES: Places = Places::ANSWERS.questions(Asks::OneByOne);

    fn read(text: &str) -> Result<Incoming<'_>, Malformed> {
        let items = array::<5>(text)?;
        let [number, id, ..] = items[..] else { return Err(Malformed::new("neither a number nor an id")) };
        let reference = Ref::read(id).ok_or_else(|| Malformed::new("no id").at(text, id))?;
        match (number, &items[2..]) {
            ("2", [kind, payload]) => match string(kind) {
                Some(kind) => Ok(IncomingMessage::new(kind, payload).answering(reference).into()),
                None => Err(Malformed::new("a type is a string").at(text, kind).answering(reference)),
            },
            ("3", [payload]) => Ok(Incoming::Answer { reference, answer: Ok(payload) }),
            ("4", [code, message, details]) => {
                let text = |value| string(value).map(Cow::into_owned).unwrap_or_default();
                let details: Value = serde_json::from_str(details).unwrap_or_default();
                let fault = Fault::framework(text(code).into(), text(message)).with_details(details);
                Ok(Incoming::Answer { reference, answer: Err(Box::new(fault)) })
            }
            _ => Err(Malformed::new("none of ours").code("calls.none").answering(reference)),
        }
    }

    fn write(frame: &Outgoing<'_>, out: &mut Out<'_>) {
        match frame {
            Outgoing::Question { kind, reference, .. } => {
                out.raw("[2,").json(reference).raw(",").json(kind).raw(",").payload().raw("]");
            }
            Outgoing::Answer { reference, .. } => _ = out.raw("[3,").json(reference).raw(",").payload().raw("]"),
            Outgoing::Failure { fault, reference: Some(reference), .. } => {
                out.raw("[4,").json(reference).raw(",").json(&fault.code).raw(",").json(&fault.message);
                out.raw(",").json(&fault.details).raw("]");
            }
            _ => {}
        }
    }
}
