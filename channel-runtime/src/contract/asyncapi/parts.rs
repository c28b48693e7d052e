//! What the parts of an AsyncAPI document have in common.

use crate::contract::json::Object;
use crate::protocol::describe::{ChannelDescription, MessageDescription, PlaceDescription};

pub const JSON: &str = "application/json";
pub const BYTES: &str = "application/octet-stream";

/// Whether it sends `success` and `error` frames.
pub fn has_answers(channel: &ChannelDescription) -> bool {
    channel.envelope.is_none() && !channel.text_from_client
}

pub fn reference(to: &str, name: &str) -> Object {
    Object::new().with("$ref", format!("{to}/{name}"))
}

/// The first paragraph.
pub fn summary(docs: &str) -> Option<String> {
    let first = docs.split("\n\n").next().unwrap_or("").replace('\n', " ");
    (!first.is_empty()).then_some(first)
}

/// The binary messages of a channel with their kinds, each with a name of its own.
pub fn binary_messages(channel: &ChannelDescription) -> impl Iterator<Item = (String, u8, &MessageDescription)> {
    let both = [(&channel.from_client, "said"), (&channel.to_client, "heard")];
    both.into_iter().flat_map(move |(messages, direction)| {
        let binary =
            move |of: &MessageDescription| of.kind.map(|kind| (format!("{}.{direction}.{kind}", channel.name), kind));
        messages.iter().filter_map(move |of| binary(of).map(|(name, kind)| (name, kind, of)))
    })
}

/// The frames of a channel that are no messages of it.
pub fn raw_messages(channel: &ChannelDescription) -> impl Iterator<Item = (String, &'static str, &'static str)> {
    let all = [
        (channel.text_from_client, "Text.said", "text/plain", "A text frame, as it is."),
        (channel.text_to_client, "Text.heard", "text/plain", "A text frame, as it is."),
        (channel.binary_from_client, "Binary.said", BYTES, "A binary frame, as it is."),
        (channel.binary_to_client, "Binary.heard", BYTES, "A binary frame, as it is."),
    ];
    all.into_iter().filter(|(has, ..)| *has).map(|(_, name, content_type, about)| (name.into(), content_type, about))
}

pub fn needs_token(channel: &ChannelDescription) -> bool {
    channel.needs.iter().any(|need| need.place == PlaceDescription::Token && need.required)
}
