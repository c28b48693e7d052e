//! JSON-RPC 2.0.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::definition::Envelope;
use super::incoming::{Incoming, IncomingMessage, Malformed};
use super::outgoing::{Out, Outgoing};
use super::parts::{items, object, string};
use super::places::{Asks, Places};
use crate::protocol::fault::Fault;
use crate::protocol::message::Ref;

/// JSON-RPC 2.0: requests and notifications of the client, their answers, batches, and notifications and requests of the server.
///
/// The method is the message's type, and `params` its fields, by name or by place. What a handler returns is the `result`; `()` is
/// `null`. Errors have the codes of the specification: -32700 if the text is no JSON, -32600 if it is no request, -32601 for a method
/// that is not known, -32602 for parameters that do not fit or break a rule, -32603 for `internal`. A fault of your own has -32000,
/// or the number in its code: `rpc.-32050` is -32050. `data` holds our code, and the details if there are any. A notification is
/// never answered, not even by an error, unless a fault of yours has the code of a text that can't be read, -32700 or -32600.
///
/// An `id` is a string of at most 64 bytes, a number of at most 128, or `null`. A batch has at most 64 messages.
#[derive(Debug)]
pub enum JsonRpc {}

const PARSE_ERROR: &str = "rpc.-32700";
const MOST_IN_BATCH: usize = 64;

#[diagnostic::do_not_recommend]
impl Envelope for JsonRpc {
    const NAME: &'static str = "jsonrpc2";
    const PLACES: Places = Places::ANSWERS.questions(Asks::Many).batches(MOST_IN_BATCH);

    fn read(text: &str) -> Result<Incoming<'_>, Malformed> {
        if text.trim_ascii_start().starts_with('[') {
            let requests = items(text, MOST_IN_BATCH).map_err(|error| no_json_or(text, error))?;
            return if requests.is_empty() {
                Err(Malformed::new("an empty batch"))
            } else {
                Ok(Incoming::Batch(requests))
            };
        }
        let keys = ["jsonrpc", "method", "params", "id", "result", "error"];
        let [version, method, params, id, result, error] =
            object(text, keys).map_err(|error| no_json_or(text, error))?;
        let reference = id.map(read_id).transpose().map_err(|error| error.at(text, id.unwrap_or_default()))?;
        // An answer's `id` is that of a request of ours: repeated, it would answer one of the client's.
        let is_answer = method.is_none() && (result.is_some() || error.is_some());
        let malformed = |reason, slice: Option<&str>| {
            let answered = if is_answer { None } else { reference.clone() };
            Malformed::new(reason).at(text, slice.unwrap_or(text)).answering(answered)
        };
        if version.and_then(string).as_deref() != Some("2.0") {
            return Err(malformed("`jsonrpc` is not \"2.0\"", version));
        }
        match (method, result, error) {
            (Some(method), None, None) => {
                let kind = string(method).ok_or_else(|| malformed("`method` is no string", Some(method)))?;
                match params {
                    Some(params) if !params.starts_with(['{', '[']) => {
                        Err(malformed("`params` is neither an object nor an array", Some(params)))
                    }
                    params => Ok(IncomingMessage::new(kind, params.unwrap_or("{}")).answering(reference).into()),
                }
            }
            (None, Some(result), None) => answer(reference, Ok(result)),
            (None, None, Some(error)) => match read_error(error) {
                Some(fault) => answer(reference, Err(Box::new(fault))),
                None => Err(malformed("`error` is no object", Some(error))),
            },
            _ => Err(malformed("neither a request nor an answer", None)),
        }
    }

    fn write(frame: &Outgoing<'_>, out: &mut Out<'_>) {
        match frame {
            Outgoing::Message { kind, .. } => {
                out.raw(r#"{"jsonrpc":"2.0","method":"#).json(kind).raw(r#","params":"#).payload().raw("}");
            }
            Outgoing::Question { kind, reference, .. } => {
                out.raw(r#"{"jsonrpc":"2.0","method":"#).json(kind).raw(r#","params":"#).payload();
                out.raw(r#","id":"#).json(reference).raw("}");
            }
            Outgoing::Answer { reference, .. } => {
                out.raw(r#"{"jsonrpc":"2.0","result":"#).payload().raw(r#","id":"#).json(reference).raw("}");
            }
            Outgoing::Failure { fault, reference, .. } => {
                let code = code(fault);
                // A notification is not answered. What can't be read may have been a request.
                if reference.is_none() && !matches!(code, -32700 | -32600) {
                    return;
                }
                out.raw(r#"{"jsonrpc":"2.0","error":{"code":"#).json(&code);
                out.raw(r#","message":"#).json(&fault.message).raw(r#","data":{"code":"#).json(&fault.code);
                if fault.details != Value::Null {
                    out.raw(r#","details":"#).json(&fault.details);
                }
                out.raw(r#"}},"id":"#).json(reference).raw("}");
            }
        }
    }
}

/// A string or a number that is no `i64`, as it stands, and `null` too: an answer repeats it.
fn read_id(id: &str) -> Result<Ref, Malformed> {
    let is_scalar = !id.starts_with(['{', '[', 't', 'f']);
    match Ref::read(id) {
        // `7.0` is answered as it was written.
        Some(Ref::Number(number)) if *number.to_string() != *id => Ok(Ref::Raw(id.into())),
        Some(reference) => Ok(reference),
        None if is_scalar && !id.starts_with('"') && id.len() <= Ref::MAX_RAW_LEN => Ok(Ref::Raw(id.into())),
        None => Err(Malformed::new("`id` is neither a string of at most 64 bytes nor a number nor null")),
    }
}

fn answer(reference: Option<Ref>, answer: Result<&str, Box<Fault>>) -> Result<Incoming<'_>, Malformed> {
    match reference {
        Some(reference) => Ok(Incoming::Answer { reference, answer }),
        None => Err(Malformed::new("an answer without an `id`")),
    }
}

/// `None` if it is no object. What [`JsonRpc::write`] has written is read as the fault that it was.
fn read_error(error: &str) -> Option<Fault> {
    let [code, message, data] = object(error, ["code", "message", "data"]).ok()?;
    let code: i64 = code.and_then(|code| serde_json::from_str(code).ok()).unwrap_or_default();
    let message = message.and_then(string).map(Cow::into_owned).unwrap_or_default();
    if let Some(own) = data.and_then(|data| serde_json::from_str::<OwnData>(data).ok()) {
        let fault = Fault::framework(own.code.into(), message.clone()).with_details(own.details);
        if self::code(&fault) == code {
            return Some(fault);
        }
    }
    let data: Value = data.and_then(|data| serde_json::from_str(data).ok()).unwrap_or_default();
    Some(Fault::framework(format!("rpc.{code}").into(), message).with_details(data))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnData {
    code: String,
    #[serde(default)]
    details: Value,
}

/// The error says that something is no object or array: then it may still be no JSON.
#[cold]
fn no_json_or(text: &str, error: Malformed) -> Malformed {
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(_) => error,
        Err(_) => error.code(PARSE_ERROR),
    }
}

fn code(fault: &Fault) -> i64 {
    match &*fault.code {
        Fault::MALFORMED => -32600,
        Fault::UNKNOWN_TYPE => -32601,
        Fault::INVALID_PAYLOAD | Fault::VALIDATION => -32602,
        Fault::INTERNAL => -32603,
        code => code.strip_prefix("rpc.").and_then(|code| code.parse().ok()).unwrap_or(-32000),
    }
}
