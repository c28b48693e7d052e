//! The operations of an AsyncAPI document: each message that a client sends with its answers, and all that a channel sends.

use crate::contract::directions::Direction;
use crate::contract::json::Object;
use crate::contract::schema::document::{Document, Entry, data, operation_name};
use crate::protocol::describe::{ChannelDescription, MessageDescription};

use super::parts::{binary_messages, has_answers, needs_token, raw_messages, reference, summary};

pub fn operations(document: &Document<'_>) -> Object {
    let mut operations = Object::new();
    for channel in &document.description.channels {
        for (name, entry) in document.messages(channel, Direction::Said) {
            let replies = replies(document, &entry);
            let operation = receive(channel, entry.message, &name).maybe("reply", reply(channel, &replies));
            operations.set(&operation_name(channel, entry.message), operation);
        }
        let is_said = |name: &str| name.contains(".said");
        for (name, kind, of) in binary_messages(channel).filter(|(name, ..)| is_said(name)) {
            operations.set(&format!("{}.binary_{kind}", channel.name), receive(channel, of, &name));
        }
        for (name, ..) in raw_messages(channel).filter(|(name, ..)| is_said(name)) {
            let key = name.split('.').next().unwrap_or(&name).to_lowercase();
            let operation = action("receive", channel).with("messages", vec![message(channel, &name)]);
            operations.set(&format!("{}.{key}", channel.name), operation.maybe("security", security(channel)));
        }
        let heard = sent(document, channel);
        if !heard.is_empty() {
            let mut name = format!("{}.sends", channel.name);
            while operations.has(&name) {
                name.push('_');
            }
            let messages: Vec<Object> = heard.iter().map(|name| message(channel, name)).collect();
            operations.set(&name, action("send", channel).with("messages", messages));
        }
    }
    operations
}

fn action(action: &str, channel: &ChannelDescription) -> Object {
    Object::new().with("action", action).with("channel", reference("#/channels", &channel.name))
}

fn message(channel: &ChannelDescription, name: &str) -> Object {
    reference(&format!("#/channels/{}/messages", channel.name), name)
}

fn receive(channel: &ChannelDescription, of: &MessageDescription, name: &str) -> Object {
    let rate = of.rate.map(|rate| {
        Object::new()
            .with("count", rate.count)
            .with("seconds", rate.seconds)
            .with("burst", rate.burst)
            .maybe("per_user", rate.per_user.then_some(true))
    });
    let faults = of.reply.as_ref().map(|reply| reply.faults.iter().map(|fault| &fault.code).collect::<Vec<_>>());
    let other_faults = of.reply.as_ref().is_none_or(|reply| reply.other_faults);
    action("receive", channel)
        .maybe("summary", summary(&of.docs))
        .maybe("description", Some(&of.docs).filter(|docs| summary(docs).as_ref() != Some(docs) && !docs.is_empty()))
        .maybe("security", security(channel))
        .with("messages", vec![message(channel, name)])
        .maybe("x-faults", faults.filter(|faults| !faults.is_empty()))
        .maybe("x-other-faults", other_faults.then_some(true))
        .maybe("x-rate", rate)
        .maybe("x-timeout-ms", of.timeout_ms)
        .maybe("x-batch", of.batch.then_some(true))
        .maybe("x-idempotent", of.idempotent.then_some(true))
        .maybe("x-deprecated", of.deprecated.as_ref())
}

fn reply(channel: &ChannelDescription, names: &[String]) -> Option<Object> {
    let messages: Vec<Object> = names.iter().map(|name| message(channel, name)).collect();
    let reply = Object::new().with("channel", reference("#/channels", &channel.name)).with("messages", messages);
    (!names.is_empty()).then_some(reply)
}

/// The names of the messages that may answer one.
fn replies(document: &Document<'_>, entry: &Entry<'_>) -> Vec<String> {
    let Entry { channel, message, .. } = entry;
    let may_answer = |wire_type: &String| match &message.reply {
        Some(reply) => reply.messages.contains(wire_type),
        None => true,
    };
    let heard = document.messages(channel, Direction::Heard).filter(|(_, heard)| may_answer(&heard.message.wire_type));
    let mut names: Vec<String> = heard.map(|(name, _)| name).collect();
    names.extend(document.success(entry).map(|(name, _)| name));
    if has_answers(channel) {
        let only = |name: &str| name.to_owned();
        let nothing = message.reply.as_ref().is_none_or(|reply| reply.nothing || reply.binary || reply.text);
        if nothing || names.is_empty() && data(message).is_none() {
            names.push(only("Success"));
        }
        names.push(only("Error"));
    }
    names
}

fn sent(document: &Document<'_>, channel: &ChannelDescription) -> Vec<String> {
    let is_heard = |name: &String| name.contains(".heard");
    let mut names: Vec<String> = document.messages(channel, Direction::Heard).map(|(name, _)| name).collect();
    names.extend(binary_messages(channel).map(|(name, ..)| name).filter(is_heard));
    names.extend(raw_messages(channel).map(|(name, ..)| name).filter(is_heard));
    if has_answers(channel) {
        names.push("Error".into());
    }
    names
}

/// Of whoever connects; a token that may be missing is no requirement.
fn security(channel: &ChannelDescription) -> Option<Vec<Object>> {
    needs_token(channel).then(|| vec![reference("#/components/securitySchemes", "Token")])
}
