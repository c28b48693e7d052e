//! What the comments of a channel and its methods say beside the docs of Rust.

use crate::protocol::describe::{
    ChannelDescription, DeliveryDescription, MessageDescription, NeedDescription, PlaceDescription, RateDescription,
};

/// The docs, the path, and what no type says.
pub(super) fn of_channel(channel: &ChannelDescription) -> String {
    let mut said = vec![channel.docs.trim().to_owned(), format!("`{}`", channel.path)];
    said.extend(needs(&channel.needs));
    let binary = |messages: &[MessageDescription]| {
        let kinds = messages.iter().filter_map(|message| Some(format!("{} (`{}`)", message.kind?, message.name)));
        kinds.collect::<Vec<_>>().join(", ")
    };
    let (sent, received) = (binary(&channel.from_client), binary(&channel.to_client));
    if !received.is_empty() {
        said.push(format!("Binary messages in `$binary`, by their first byte: {received}."));
    }
    if !sent.is_empty() {
        said.push(format!("Binary messages for `sendBinary`, by their first byte: {sent}."));
    }
    if channel.text_to_client {
        said.push("It also sends texts that are no messages.".to_owned());
    }
    joined(said)
}

/// Why a channel has types and no class.
pub(super) fn without_class(channel: &ChannelDescription) -> String {
    let why = match &channel.envelope {
        Some(envelope) => format!(
            "Types alone: the messages of `{}` stand in the envelope `{}`, which this file's core does not speak.",
            channel.path, envelope.name
        ),
        None => format!("Types alone: clients of `{}` send raw text, which is no messages.", channel.path),
    };
    joined(vec![channel.docs.trim().to_owned(), why])
}

/// The docs, and how often and how long.
pub(super) fn of_message(message: &MessageDescription) -> String {
    let mut facts = Vec::new();
    facts.extend(message.rate.as_ref().map(rate));
    facts.extend(message.idempotent.then(|| "Sent again if its answer is lost, and handled once.".to_owned()));
    facts.extend(message.timeout_ms.map(|ms| format!("Answered within {}.", duration(ms))));
    joined(vec![message.docs.trim().to_owned(), facts.join(" ")])
}

/// The docs, and how it is delivered.
pub(super) fn of_type(message: &MessageDescription) -> String {
    let class = match &message.delivery {
        DeliveryDescription::Reliable => String::new(),
        DeliveryDescription::Volatile => "Not sent to a client that is behind.".to_owned(),
        DeliveryDescription::Latest { key, every_ms } => {
            let of = key.as_ref().map_or_else(String::new, |key| format!(" of each `{key}`"));
            let every = every_ms.map_or_else(String::new, |ms| format!(", at most one every {}", duration(ms.into())));
            format!("The newest one{of}{every}: those before it may be missing.")
        }
    };
    joined(vec![message.docs.trim().to_owned(), class])
}

fn joined(paragraphs: Vec<String>) -> String {
    paragraphs.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n\n")
}

fn rate(rate: &RateDescription) -> String {
    let period = match rate.seconds {
        1 => "a second".to_owned(),
        60 => "a minute".to_owned(),
        3600 => "an hour".to_owned(),
        seconds => format!("{seconds} s"),
    };
    let at_once = if rate.burst == rate.count { String::new() } else { format!(", {} at once", rate.burst) };
    let whose = if rate.per_user { ", over all connections of a user" } else { "" };
    format!("At most {} in {period}{at_once}{whose}.", rate.count)
}

fn duration(ms: u64) -> String {
    if ms.is_multiple_of(1000) { format!("{} s", ms / 1000) } else { format!("{ms} ms") }
}

fn needs(needs: &[NeedDescription]) -> Vec<String> {
    let sentence = |need: &NeedDescription| {
        let what = match (need.place, need.name.as_deref()) {
            (PlaceDescription::Token, _) => "a token, of `options.token` or a cookie".to_owned(),
            (PlaceDescription::Query, name) => format!("`{}` in `options.query`", name.unwrap_or("?")),
            (PlaceDescription::Header, name) => format!("the header `{}`", name.unwrap_or("?")),
        };
        format!("{} {what}.", if need.required { "Needs" } else { "Takes" })
    };
    needs.iter().map(sentence).collect()
}
