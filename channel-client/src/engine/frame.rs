//! What the framework says in a text: the type, the `ref`, errors, and the frames whose type begins with `$`.

use std::borrow::Cow;

use channel_runtime::Fault;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::presence::Presence;

/// A text from the server, as far as the connection needs it.
#[derive(Debug)]
pub(super) struct Frame<'t> {
    pub kind: Cow<'t, str>,
    /// `None` also if it is no whole number, because no request has another.
    pub reference: Option<i64>,
    /// Whether it has one, of any kind.
    pub is_answer: bool,
    /// Of a message that its room has recorded.
    pub seq: Option<u64>,
    /// Of a message to a declared room. Empty for that of the path.
    pub room: String,
    /// The number of a question.
    pub asked: Option<u64>,
}

#[derive(Deserialize)]
struct Head<'t> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'t, str>,
    #[serde(borrow, default, rename = "ref")]
    reference: Option<&'t RawValue>,
    #[serde(borrow, default, rename = "$seq")]
    seq: Option<&'t RawValue>,
    #[serde(borrow, default, rename = "$room")]
    room: Option<&'t RawValue>,
    #[serde(borrow, default, rename = "$ask")]
    asked: Option<&'t RawValue>,
}

impl<'t> Frame<'t> {
    /// # Errors
    /// The fault that a program is told: the text is no message.
    pub fn read(text: &'t str) -> Result<Self, Fault> {
        let Head { kind, reference, seq, room, asked } =
            serde_json::from_str(text).map_err(|error| malformed(&error))?;
        let is_answer = reference.is_some();
        let reference = reference.and_then(|reference| reference.get().parse().ok());
        let seq = seq.and_then(|seq| seq.get().parse().ok());
        let room = room.filter(|_| seq.is_some()).and_then(|room| serde_json::from_str(room.get()).ok());
        let asked = asked.and_then(|asked| asked.get().parse().ok());
        Ok(Self { kind, reference, is_answer, seq, room: room.unwrap_or_default(), asked })
    }
}

fn malformed(error: &serde_json::Error) -> Fault {
    Fault::new(Fault::MALFORMED, format!("the server sent no message: {error}"))
}

/// An error frame.
pub(super) fn fault(text: &str) -> Result<Fault, Fault> {
    serde_json::from_str(text).map_err(|error| malformed(&error))
}

/// Who is present.
pub(super) fn presence(text: &str) -> Result<Presence, Fault> {
    serde_json::from_str(text).map_err(|error| malformed(&error))
}

/// What the client answers to a question: JSON, or an error.
pub(super) fn answer(number: u64, answer: &Result<String, Fault>) -> String {
    match answer {
        Ok(data) => format!(r#"{{"type":"success","$ask":{number},"data":{data}}}"#),
        Err(Fault { code, message, details, .. }) => {
            let mut frame = json!({ "type": "error", "$ask": number, "code": code, "message": message });
            if !details.is_null() {
                frame["details"] = details.clone();
            }
            frame.to_string()
        }
    }
}

/// In place of an answer that is longer than the server takes.
pub(super) fn too_long(number: u64, most: usize) -> String {
    json!({ "type": "error", "$ask": number, "code": "too_long", "message": format!("longer than {most} bytes") })
        .to_string()
}

/// When a client may come back.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub(super) struct Retry {
    pub retry_after_ms: Option<u64>,
    pub retry_window_ms: Option<u64>,
}

impl Retry {
    pub fn of_fault(fault: &Fault) -> Self {
        Self::deserialize(&fault.details).unwrap_or_default()
    }
}

/// `$closing`, beside [`Retry`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Closing {
    /// A path.
    pub to: Option<String>,
}

/// `$hello`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Hello {
    pub ping_ms: Option<u64>,
    pub max_bytes: Option<usize>,
}

/// `$joined`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Joined {
    pub id: String,
    #[serde(rename = "$room")]
    pub room: Option<String>,
    pub at: Option<String>,
    pub seq: u64,
    pub resumed: Option<u64>,
    pub fresh: Option<String>,
    pub outdated: Option<String>,
}

/// `$auth_expiring`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Expiring {
    pub in_ms: Option<u64>,
}

/// A framework's frame that this client can't read is one of a later version: nothing is known from it.
pub(super) fn own<'t, T: Default + Deserialize<'t>>(text: &'t str) -> T {
    serde_json::from_str(text).unwrap_or_default()
}
