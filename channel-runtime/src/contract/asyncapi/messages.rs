//! The components of an AsyncAPI document: messages, schemas, and what they have in common.

use crate::contract::directions::Direction;
use crate::contract::json::Object;
use crate::contract::schema::document::{Document, fault_name};
use crate::contract::schema::words::typed;
use crate::protocol::describe::{ChannelDescription, FaultDescription, MessageDescription};

use super::framework;
use super::parts::{BYTES, JSON, binary_messages, has_answers, needs_token, raw_messages, reference, summary};

pub fn components(document: &Document<'_>) -> Object {
    let schemas = document.types();
    let mut messages = Object::new();
    for entry in &document.entries {
        let payload = document.printer().message(entry.channel, entry.message, entry.direction);
        let answers = entry.direction == Direction::Said || is_answer(entry.channel, &entry.message.wire_type);
        let asked = answers && has_answers(entry.channel);
        let message = message(document, &schemas, entry.message, payload, asked);
        messages.set(&document.name(entry), message);
    }
    for entry in &document.entries {
        if let Some((name, payload)) = document.success(entry) {
            let summary = format!("The answer to `{}`.", entry.message.wire_type);
            messages.set(&name, answer("success", &summary, payload, has_answers(entry.channel)));
        }
    }
    let channels = &document.description.channels;
    for channel in channels {
        for (name, kind, of) in binary_messages(channel) {
            let message = Object::new()
                .with("name", &of.wire_type)
                .maybe("summary", summary(&of.docs))
                .with("contentType", BYTES)
                .with("payload", typed("string").with("description", "Bytes; the first one is the kind."))
                .with("x-kind", kind)
                .maybe("x-delivery", of.delivery.class());
            messages.set(&name, message);
        }
        for (name, content_type, about) in raw_messages(channel) {
            let payload = typed("string").with("description", about);
            messages.set(
                &name,
                Object::new().with("name", &name).with("contentType", content_type).with("payload", payload),
            );
        }
    }
    if channels.iter().any(has_answers) {
        let frames = document.frames();
        for (name, wire_type, summary) in [
            ("Success", "success", "The answer to what has no other."),
            ("Error", "error", "What went wrong: an answer where it has a `ref`."),
        ] {
            let payload = frames.object(name).cloned().unwrap_or_default();
            messages.set(name, answer(wire_type, summary, payload, true));
        }
        let keeps_history = channels.iter().any(ChannelDescription::keeps_history);
        let has_presence = channels.iter().any(|channel| channel.presence.is_some());
        for (name, message) in framework::messages(keeps_history, has_presence) {
            messages.set(name, message);
        }
    }
    let correlation = Object::new()
        .with("location", "$message.payload#/ref")
        .with("description", "Chosen by the client, and repeated in the one answer.");
    let asked = Object::new().with("correlationId", correlation);
    let faults: Object = document.faults().map(|fault| (&fault.code, self::fault(fault, &schemas))).collect();
    Object::new()
        .with("messageTraits", Object::new().with("Asked", asked))
        .maybe("securitySchemes", has_token(document).then(token))
        .with("messages", messages)
        .with("schemas", schemas)
        .maybe("x-faults", (!faults.is_empty()).then_some(faults))
}

fn message(document: &Document<'_>, schemas: &Object, of: &MessageDescription, payload: Object, asked: bool) -> Object {
    let example = document.sample(&payload, schemas).map(|sample| vec![Object::new().with("payload", sample)]);
    let answer = of.answer.as_ref().map(|answer| document.printer().ty(answer, Direction::Said));
    Object::new()
        .with("name", &of.wire_type)
        .with("title", &of.wire_type)
        .maybe("summary", summary(&of.docs))
        .with("contentType", JSON)
        .with("payload", payload)
        .maybe("examples", example)
        .maybe("traits", asked.then(traits))
        .maybe("x-answer", answer)
        .maybe("x-delivery", of.delivery.class())
}

fn answer(wire_type: &str, summary: &str, payload: Object, asked: bool) -> Object {
    Object::new()
        .with("name", wire_type)
        .with("title", wire_type)
        .with("summary", summary)
        .with("contentType", JSON)
        .with("payload", payload)
        .maybe("traits", asked.then(traits))
}

fn traits() -> Vec<Object> {
    vec![reference("#/components/messageTraits", "Asked")]
}

/// Whether a message of the channel's may answer one of its clients'.
fn is_answer(channel: &ChannelDescription, wire_type: &str) -> bool {
    let replies = channel.from_client.iter().map(|message| message.reply.as_ref());
    replies.into_iter().any(|reply| reply.is_none_or(|reply| reply.messages.iter().any(|other| other == wire_type)))
}

fn fault(fault: &FaultDescription, schemas: &Object) -> Object {
    let details = fault_name(&fault.code);
    let details =
        (fault.details.is_some() && schemas.has(&details)).then(|| reference("#/components/schemas", &details));
    Object::new()
        .with("message", &fault.message)
        .maybe("description", (!fault.docs.is_empty()).then_some(&fault.docs))
        .maybe("details", details)
}

fn has_token(document: &Document<'_>) -> bool {
    document.description.channels.iter().any(needs_token)
}

fn token() -> Object {
    let about =
        "The header `Authorization: Bearer ..`, or the subprotocol `channels.token.` with the percent-encoded token.";
    Object::new().with("Token", Object::new().with("type", "http").with("scheme", "bearer").with("description", about))
}
