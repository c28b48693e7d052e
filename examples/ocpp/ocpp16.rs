//! The envelope of OCPP 1.6 in JSON.

use std::borrow::Cow;

use channel_runtime::envelope::{
    Asks, Envelope, Incoming, IncomingMessage, Malformed, Out, Outgoing, Places, array, string,
};
use channel_runtime::{Fault, Ref};
use serde_json::Value;

/// OCPP 1.6: `[2,id,action,payload]` is a call, `[3,id,payload]` its answer, `[4,id,code,description,details]` an error.
pub enum Ocpp16 {}

impl Envelope for Ocpp16 {
    const NAME: &'static str = "ocpp1.6";
    const SUBPROTOCOLS: &'static [&'static str] = &["ocpp1.6"];
    /// Calls are answered, and each side has at most one open.
    const PLACES: Places = Places::ANSWERS.questions(Asks::OneByOne);

    fn read(text: &str) -> Result<Incoming<'_>, Malformed> {
        let items = array::<5>(text)?;
        let [number, id, rest @ ..] = &*items else { return Err(Malformed::new("a number and an id are missing")) };
        let reference = string(id).filter(|id| id.len() <= 36).map(|id| Ref::Text(id.into()));
        let reference =
            reference.ok_or_else(|| Malformed::new("an id is a string of at most 36 bytes").at(text, id))?;
        match (*number, rest) {
            ("2", [action, payload]) => match string(action) {
                Some(action) => Ok(IncomingMessage::new(action, payload).answering(reference).into()),
                None => Err(Malformed::new("an action is a string").at(text, action).answering(reference)),
            },
            ("2", _) => Err(Malformed::new("a call has an action and a payload").answering(reference)),
            ("3", [payload]) => Ok(Incoming::Answer { reference, answer: Ok(payload) }),
            ("4", [code, description, details]) => {
                let fault = fault(code, description, details);
                Ok(Incoming::Answer { reference, answer: Err(Box::new(fault)) })
            }
            // Not answered: nobody waits for the answer to an answer, and OCPP wants other numbers to be ignored.
            _ => Err(Malformed::new("neither a call nor an answer")),
        }
    }

    fn write(frame: &Outgoing<'_>, out: &mut Out<'_>) {
        match frame {
            Outgoing::Question { kind, reference, .. } => {
                out.raw("[2,").json(reference).raw(",").json(kind).raw(",").payload().raw("]");
            }
            Outgoing::Answer { reference, .. } => {
                out.raw("[3,").json(reference).raw(",");
                // `()` is an answer without fields.
                if out.is_empty() { out.raw("{}") } else { out.payload() }.raw("]");
            }
            Outgoing::Failure { fault, reference: Some(reference), .. } => {
                let description: String = fault.message.chars().take(255).collect();
                out.raw("[4,").json(reference).raw(",").json(code(fault)).raw(",").json(&description).raw(",");
                if fault.details.is_object() { out.json(&fault.details) } else { out.raw("{}") }.raw("]");
            }
            // OCPP has no message without an answer: nothing is written, and nothing is sent.
            _ => {}
        }
    }
}

/// The error codes of OCPP. Any of them is written `Fault::new("ocpp.SecurityError", ..)`.
fn code(fault: &Fault) -> &str {
    match &*fault.code {
        Fault::MALFORMED => "FormationViolation",
        Fault::UNKNOWN_TYPE => "NotImplemented",
        Fault::INVALID_PAYLOAD => "TypeConstraintViolation",
        Fault::VALIDATION => "PropertyConstraintViolation",
        Fault::UNAUTHORIZED | Fault::FORBIDDEN => "SecurityError",
        Fault::INTERNAL => "InternalError",
        code => code.strip_prefix("ocpp.").unwrap_or("GenericError"),
    }
}

/// An error of a station.
fn fault(code: &str, description: &str, details: &str) -> Fault {
    let text = |value| string(value).unwrap_or(Cow::Borrowed(""));
    let details: Value = serde_json::from_str(details).unwrap_or_default();
    Fault::new(format!("ocpp.{}", text(code)), text(description)).with_details(details)
}
