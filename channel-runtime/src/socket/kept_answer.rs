//! An answer that is kept, to be given again: its text without a `ref`, so that each message's own can be put into it.

use bytes::Bytes;

use crate::protocol::codec::{self, Head};
use crate::protocol::fault::Fault;
use crate::protocol::message::Ref;
use crate::socket::frames::timestamp;
use crate::wire::frame::Opcode;

/// The answer to a message in the framework's own envelope.
pub(crate) struct KeptAnswer {
    /// The binary message or the raw text that goes before it, if the handler returned one.
    pub before: Option<(Opcode, Bytes)>,
    /// An object that begins with its `type`.
    json: Vec<u8>,
    /// Without a `ref` it is not sent: its client could not know what it answers.
    needs_reference: bool,
}

impl KeptAnswer {
    /// `json` is written by the codec, without a `ref`.
    pub fn new(before: Option<(Opcode, Bytes)>, json: Vec<u8>, needs_reference: bool) -> Self {
        Self { before, json, needs_reference }
    }

    pub fn of_fault(code: &'static str, message: &str) -> Self {
        let mut json = Vec::new();
        codec::encode_fault(&Fault::new(code, message), &timestamp(), Head::default(), &mut json);
        Self::new(None, json, false)
    }

    /// In bytes.
    pub fn len(&self) -> usize {
        self.json.len() + self.before.as_ref().map_or(0, |(_, data)| data.len())
    }

    /// As it is sent to the message with this `ref`. `again`: the message was answered before. `None` if nothing is sent.
    pub fn text(&self, reference: Option<&Ref>, again: bool) -> Option<Vec<u8>> {
        if reference.is_none() && self.needs_reference {
            return None;
        }
        let mut text = Vec::with_capacity(self.json.len() + 96);
        let (kind, fields) = self.json.split_at(end_of_type(&self.json));
        text.extend_from_slice(kind);
        if let Some(reference) = reference {
            text.extend_from_slice(b",\"ref\":");
            serde_json::to_writer(&mut text, reference).expect("a number or a text is JSON");
        }
        if again {
            text.extend_from_slice(b",\"$again\":true");
        }
        text.extend_from_slice(fields);
        Some(text)
    }
}

/// The place behind `{"type":".."`.
fn end_of_type(json: &[u8]) -> usize {
    let mut at = br#"{"type":""#.len();
    while let Some(byte) = json.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    unreachable!("the codec writes the type first")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(json: &str) -> KeptAnswer {
        KeptAnswer::new(None, json.into(), false)
    }

    fn text(kept: &KeptAnswer, reference: Option<Ref>, again: bool) -> String {
        String::from_utf8(kept.text(reference.as_ref(), again).unwrap()).unwrap()
    }

    #[test]
    fn a_reference_and_again_stand_behind_the_type() {
        let sold = kept(r#"{"type":"sold","amount":5}"#);
        assert_eq!(text(&sold, None, false), r#"{"type":"sold","amount":5}"#);
        assert_eq!(text(&sold, Some(7.into()), false), r#"{"type":"sold","ref":7,"amount":5}"#);
        assert_eq!(text(&sold, Some(7.into()), true), r#"{"type":"sold","ref":7,"$again":true,"amount":5}"#);
        let odd = kept(r#"{"type":"a \"b\\"}"#);
        assert_eq!(text(&odd, Some(Ref::Text("\"".into())), true), r#"{"type":"a \"b\\","ref":"\"","$again":true}"#);
    }

    #[test]
    fn what_answers_nothing_is_not_sent_without_a_reference() {
        let success = KeptAnswer::new(None, br#"{"type":"success"}"#.to_vec(), true);
        assert_eq!(success.text(None, true), None);
        assert_eq!(text(&success, Some(7.into()), true), r#"{"type":"success","ref":7,"$again":true}"#);
    }
}
