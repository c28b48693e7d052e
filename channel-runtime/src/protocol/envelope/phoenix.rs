//! Phoenix channels, serializer version 2: `[join_ref, ref, topic, event, payload]`.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::definition::Envelope;
use super::incoming::{Incoming, IncomingMessage, Malformed};
use super::outgoing::{Out, Outgoing};
use super::parts::{array, object, string};
use super::places::Places;
use crate::protocol::fault::Fault;
use crate::protocol::message::Ref;

/// Phoenix channels with the serializer V2, one topic a socket: the page's URL is the topic's path. For
/// `#[channel("/room/:id/websocket")]` a page opens `new Socket("/room/7")` and its channel `room:7`. What is escaped in the URL is
/// not in the topic: `/room/a%3Ab` has the topic `room:a:b`.
///
/// The event is the message's type, and its payload the message's fields. `phx_join` and `phx_leave` are messages if the channel has
/// a handler of that type, and are answered with `ok` if not. A message with a ref is answered by `phx_reply`: `ok` with what the
/// handler returns, or `error` with the fault's code as `reason`, its message and its details. An error for a message without a ref
/// has no place. After `phx_leave` the socket stays open, and is still a member of its room; the client ignores what comes.
/// An error of a handler of `phx_join` refuses the join to the page alone: whom `authorize` lets in is a member, and what it pushes
/// is handled.
///
/// A client's heartbeat, every 30 s, is a message: [`idle_timeout`](crate::Config::idle_timeout) counts it as one.
#[derive(Debug)]
pub enum Phoenix {}

#[diagnostic::do_not_recommend]
impl Envelope for Phoenix {
    const NAME: &'static str = "phoenix.2";
    const SUBPROTOCOLS: &'static [&'static str] = &["phoenix"];
    const PLACES: Places = Places::ANSWERS.topics();

    fn topic(path: &str) -> Cow<'_, str> {
        let path = path.strip_suffix("/websocket").unwrap_or(path);
        let topic = path.trim_start_matches('/').replace('/', ":");
        match percent_decode_str(&topic).decode_utf8() {
            Ok(Cow::Owned(decoded)) => decoded.into(),
            _ => topic.into(),
        }
    }

    fn read(text: &str) -> Result<Incoming<'_>, Malformed> {
        let [join_ref, reference, topic, event, payload] = array::<5>(text)?[..] else {
            return Err(Malformed::new("a message is an array of five"));
        };
        let refs = refs(join_ref, reference).ok_or_else(|| {
            Malformed::new("refs are strings, numbers or null, of at most 127 bytes").at(text, join_ref)
        })?;
        let is_answered = reference != "null";
        let answered = |reply: String| is_answered.then(|| Ref::Raw(reply.into()));
        let (Some(named), Some(event)) = (string(topic), string(event)) else {
            let wrong = if string(topic).is_none() { topic } else { event };
            return Err(Malformed::new("topic and event are strings").at(text, wrong).answering(answered(refs)));
        };
        if event == "phx_reply" {
            return reply(reference, payload).map_err(|reason| Malformed::new(reason).at(text, payload));
        }
        let is_heartbeat = named == "phoenix" && event == "heartbeat";
        let is_own = is_heartbeat || matches!(&*event, "phx_join" | "phx_leave");
        let frames = if is_own && is_answered { vec![ok(&refs, topic)] } else { Vec::new() };
        let message =
            IncomingMessage::new(event, payload).answering(answered(with_topic(refs, topic))).or_reply(frames);
        // A heartbeat is of the socket, and has a topic of its own.
        Ok(if is_heartbeat { message } else { message.on(named) }.into())
    }

    fn write(frame: &Outgoing<'_>, out: &mut Out<'_>) {
        match frame {
            Outgoing::Message { kind, room } => {
                out.raw("[null,null,").json(room).raw(",").json(kind).raw(",").payload().raw("]");
            }
            // What a client sends: a push.
            Outgoing::Question { kind, reference, room } => {
                out.raw("[null,").json(&reference.to_string()).raw(",").json(room);
                out.raw(",").json(kind).raw(",").payload().raw("]");
            }
            Outgoing::Answer { reference, room, .. } => {
                reply_to(reference, *room, out).raw(r#","phx_reply",{"status":"ok","response":"#);
                if out.is_empty() { out.raw("{}") } else { out.payload() }.raw("}]");
            }
            Outgoing::Failure { fault, reference: Some(reference), room } => {
                let out = reply_to(reference, *room, out);
                out.raw(r#","phx_reply",{"status":"error","response":{"reason":"#).json(reason(fault));
                out.raw(r#","message":"#).json(&fault.message);
                if fault.details != Value::Null {
                    out.raw(r#","details":"#).json(&fault.details);
                }
                out.raw("}}]");
            }
            Outgoing::Failure { reference: None, .. } => {}
        }
    }
}

/// `"join_ref","ref"` as they are repeated. `None` if one is neither a string nor a number nor null, or both together are too long.
fn refs(join_ref: &str, reference: &str) -> Option<String> {
    let fits = |value: &str| !value.starts_with(['{', '[', 't', 'f']);
    let is_short = join_ref.len() + 1 + reference.len() <= Ref::MAX_RAW_LEN;
    (is_short && fits(join_ref) && fits(reference)).then(|| format!("{join_ref},{reference}"))
}

/// A client knows a reply by its topic too: a message for another topic is answered on that one. A long topic is left out.
fn with_topic(mut refs: String, topic: &str) -> String {
    if refs.len() + 1 + topic.len() <= Ref::MAX_RAW_LEN {
        refs.push(',');
        refs.push_str(topic);
    }
    refs
}

fn reply_to<'o, 'a>(reference: &Ref, own_topic: Option<&str>, out: &'o mut Out<'a>) -> &'o mut Out<'a> {
    let refs = format!("[{reference}");
    let has_topic = array::<3>(&format!("{refs}]")).is_ok_and(|items| items.len() == 3);
    out.raw(&refs);
    if has_topic { out } else { out.raw(",").json(&own_topic) }
}

/// `topic` is JSON.
fn ok(refs: &str, topic: &str) -> String {
    format!(r#"[{refs},{topic},"phx_reply",{{"status":"ok","response":{{}}}}]"#)
}

/// What a client reads, which a test does too.
fn reply<'t>(reference: &str, payload: &'t str) -> Result<Incoming<'t>, &'static str> {
    let reference = Ref::read(reference).ok_or("a reply without a ref")?;
    let [status, response] = object(payload, ["status", "response"]).map_err(|_| "a reply that is no object")?;
    let response = response.unwrap_or("{}");
    let answer = match status.and_then(string).as_deref() {
        Some("ok") => Ok(response),
        _ => Err(Box::new(read_error(response))),
    };
    Ok(Incoming::Answer { reference, answer })
}

fn read_error(response: &str) -> Fault {
    let [reason, message, details] = object(response, ["reason", "message", "details"]).unwrap_or_default();
    let text = |value: Option<&str>| value.and_then(string).map(Cow::into_owned).unwrap_or_default();
    let code = match text(reason) {
        reason if reason == UNMATCHED_EVENT => Fault::UNKNOWN_TYPE.to_owned(),
        reason if reason == UNMATCHED_TOPIC => UNKNOWN_TOPIC.to_owned(),
        reason => reason,
    };
    let details: Value = details.and_then(|details| serde_json::from_str(details).ok()).unwrap_or_default();
    Fault::framework(code.into(), text(message)).with_details(details)
}

const UNMATCHED_EVENT: &str = "unmatched event";
const UNMATCHED_TOPIC: &str = "unmatched topic";
const UNKNOWN_TOPIC: &str = "unknown_topic";

fn reason(fault: &Fault) -> &str {
    match &*fault.code {
        Fault::UNKNOWN_TYPE => UNMATCHED_EVENT,
        UNKNOWN_TOPIC => UNMATCHED_TOPIC,
        code => code,
    }
}
