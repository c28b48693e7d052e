//! The channels of an AsyncAPI document: addresses, parameters, messages, and what a handshake needs.

use crate::contract::directions::Direction;
use crate::contract::json::Object;
use crate::contract::schema::document::Document;
use crate::contract::schema::words::typed;
use crate::protocol::describe::{
    ChannelDescription, ContentDescription, Description, HistoryDescription, PlaceDescription, PresenceDescription,
    SubprotocolsDescription, TypeDescription, TypeShape,
};

use super::parts::{binary_messages, has_answers, raw_messages, reference};

pub fn channels(document: &Document<'_>) -> Object {
    let description = document.description;
    description.channels.iter().map(|channel| (&channel.name, self::channel(document, channel))).collect()
}

fn channel(document: &Document<'_>, channel: &ChannelDescription) -> Object {
    let parameters: Object = channel
        .params
        .iter()
        .map(|param| (&param.name, parameter(document.description, &param.docs, &param.ty)))
        .collect();
    let rooms: Vec<Object> = channel
        .rooms
        .iter()
        .map(|room| {
            Object::new()
                .with("kind", &room.kind)
                .with("key", text_of(document.description, &room.key))
                .maybe("history", room.history.as_ref().map(history))
        })
        .collect();
    let names: Vec<_> = messages(document, channel);
    let messages: Object = names.iter().map(|name| (name, reference("#/components/messages", name))).collect();
    Object::new()
        .with("address", address(&channel.path))
        .with("title", &channel.name)
        .maybe("description", (!channel.docs.is_empty()).then_some(&channel.docs))
        .maybe("parameters", (!parameters.is_empty()).then_some(parameters))
        .maybe("messages", (!messages.is_empty()).then_some(messages))
        .with("bindings", Object::new().with("ws", handshake(channel)))
        .maybe("x-fingerprint", (!channel.fingerprint.is_empty()).then_some(&channel.fingerprint))
        .maybe("x-envelope", channel.envelope.as_ref().map(|envelope| &envelope.name))
        .maybe("x-history", channel.history.as_ref().map(history))
        .maybe("x-presence", channel.presence.as_ref().map(|of| presence(document, of)))
        .maybe("x-rooms", (!rooms.is_empty()).then_some(rooms))
        .maybe("x-subprotocols", channel.subprotocols.as_ref().map(subprotocols))
}

/// The names of all messages of a channel, answers included, each once.
fn messages(document: &Document<'_>, channel: &ChannelDescription) -> Vec<String> {
    let said = document.messages(channel, Direction::Said);
    let heard = document.messages(channel, Direction::Heard);
    let successes = document.entries.iter().filter(|entry| entry.channel.name == channel.name);
    let successes = successes.filter_map(|entry| document.success(entry)).map(|(name, _)| name);
    let mut names: Vec<String> = said.chain(heard).map(|(name, _)| name).chain(successes).collect();
    names.extend(binary_messages(channel).map(|(name, ..)| name));
    names.extend(raw_messages(channel).map(|(name, ..)| name));
    if has_answers(channel) {
        names.extend(["Success", "Error"].map(str::to_owned));
    }
    let mut once = Vec::new();
    for name in names {
        if !once.contains(&name) {
            once.push(name);
        }
    }
    once
}

/// `/game/{game_id}` for `/game/:game_id`.
fn address(pattern: &str) -> String {
    let segment = |segment: &str| match segment.strip_prefix(':') {
        Some(name) => format!("{{{name}}}"),
        None => segment.to_owned(),
    };
    pattern.split('/').map(segment).collect::<Vec<_>>().join("/")
}

fn parameter(description: &Description, docs: &str, ty: &TypeDescription) -> Object {
    let text = text_of(description, ty);
    let about = if docs.is_empty() { text } else { format!("{docs}\n\n{text}") };
    let choices = matches!(resolved(description, ty), TypeDescription::Bool).then(|| vec!["true", "false"]);
    Object::new().with("description", about).maybe("enum", choices)
}

/// What a value looks like in a path. An address has no schemas.
fn text_of(description: &Description, ty: &TypeDescription) -> String {
    match resolved(description, ty) {
        TypeDescription::Integer { signed, bits } => {
            format!("{}{bits}, as decimal digits.", if *signed { 'i' } else { 'u' })
        }
        TypeDescription::Bool => "`true` or `false`.".into(),
        TypeDescription::Float { .. } => "A number.".into(),
        TypeDescription::Text { format: Some(format) } => format!("Text: {format}."),
        _ => "Text.".into(),
    }
}

/// What newtypes contain.
fn resolved<'d>(description: &'d Description, ty: &'d TypeDescription) -> &'d TypeDescription {
    let TypeDescription::Named { name } = ty else { return ty };
    match description.types.get(name).map(|definition| &definition.shape) {
        Some(TypeShape::Struct(ContentDescription::As { ty })) => resolved(description, ty),
        _ => ty,
    }
}

fn handshake(channel: &ChannelDescription) -> Object {
    let place = |wanted: PlaceDescription| -> Object {
        let needs: Vec<_> = channel.needs.iter().filter(|need| need.place == wanted).collect();
        let named = || needs.iter().filter_map(|need| Some((need.name.as_deref()?, need.required)));
        let properties: Object = named().map(|(name, _)| (name, typed("string"))).collect();
        let required: Vec<&str> = named().filter(|(_, required)| *required).map(|(name, _)| name).collect();
        match properties.is_empty() {
            true => Object::new(),
            false => typed("object")
                .with("properties", properties)
                .maybe("required", (!required.is_empty()).then_some(required)),
        }
    };
    let (query, headers) = (place(PlaceDescription::Query), place(PlaceDescription::Header));
    Object::new()
        .with("method", "GET")
        .maybe("query", (!query.is_empty()).then_some(query))
        .maybe("headers", (!headers.is_empty()).then_some(headers))
        .with("bindingVersion", "0.1.0")
}

fn history(of: &HistoryDescription) -> Object {
    Object::new().with("size", of.size).with("bytes", of.bytes).with("age_ms", of.age_ms).with("recent", of.recent)
}

fn presence(document: &Document<'_>, of: &PresenceDescription) -> Object {
    let seen = document.printer().ty(&of.seen, Direction::Heard);
    let bounds = Object::new().with("grace_ms", of.grace_ms).with("every_ms", of.every_ms);
    bounds.with("diffs_up_to", of.diffs_up_to).with("seen", seen)
}

fn subprotocols(of: &SubprotocolsDescription) -> Object {
    Object::new().with("names", of.names.clone()).with("required", of.required).maybe("close", of.close)
}
