//! The frames of the framework itself, which only clients hear that offer `channels.hello`, and what such clients send.

use crate::contract::json::{Json, Object};
use crate::contract::schema::words::typed;

/// Each with the key of its component. They stand in no channel. `keeps_history` and `has_presence` if any channel does.
pub fn messages(keeps_history: bool, has_presence: bool) -> Vec<(&'static str, Object)> {
    let ms = || typed("integer").with("minimum", 0);
    let text = || typed("string");
    let to = text().with("description", "The path that the client connects to, if it is moved.");
    let outdated = text().with("enum", vec!["compatible", "breaks", "unknown"]);
    let reference = || Object::new().with("$ref", "#/components/schemas/Ref");
    let mut all = vec![
        frame(
            "channels.hello",
            "$hello",
            "The first frame.",
            &["v"],
            [("v", ms()), ("ping_ms", ms()), ("max_bytes", ms())],
        ),
        if keeps_history {
            frame(
                "channels.joined",
                "$joined",
                "The client is in the room of the path, or, with `$room`, in another. Where a history is kept, `at` and `seq` are where the \
                 client is: it has missed so many messages as `resumed` says, which follow, or it is `fresh`.",
                &[],
                [
                    ("$room", text()),
                    ("id", text()),
                    ("at", text()),
                    ("seq", ms()),
                    ("resumed", ms()),
                    ("fresh", text().with("enum", vec!["first", "expired", "replaced", "too_far"])),
                    ("outdated", outdated),
                ],
            )
        } else {
            frame(
                "channels.joined",
                "$joined",
                "The client is in. `outdated` says what has changed since it was generated.",
                &["id"],
                [("id", text()), ("outdated", outdated)],
            )
        },
        frame("channels.ping", "$ping", "A sign of life. A client's has a `ref`.", &[], [("ref", reference())]),
        frame("channels.pong", "$pong", "The answer to a client's `$ping`.", &["ref"], [("ref", reference())]),
        frame(
            "channels.closing",
            "$closing",
            "The server is about to close the connection.",
            &["retry_after_ms", "retry_window_ms"],
            [("retry_after_ms", ms()), ("retry_window_ms", ms()), ("to", to)],
        ),
        frame("channels.auth", "$auth", "A client's new token.", &["token"], [("token", text()), ("ref", reference())]),
        frame("channels.auth_expiring", "$auth_expiring", "The token expires.", &["in_ms"], [("in_ms", ms())]),
    ];
    if has_presence {
        let lists = |of: Object| typed("object").with("additionalProperties", typed("array").with("items", of));
        let seen = || typed("object").with("properties", Object::new().with("id", text())).with("required", vec!["id"]);
        all.push(frame(
            "channels.presence",
            "$presence",
            "Who is present in the room, by user: all of them, or who has come, is seen otherwise or has gone since the last frame. With \
             `count` alone, how many users.",
            &["count"],
            [("count", ms()), ("here", lists(seen())), ("in", lists(seen())), ("out", lists(text()))],
        ));
    }
    all
}

fn frame<const N: usize>(
    name: &'static str,
    wire_type: &str,
    summary: &str,
    required: &[&str],
    properties: [(&str, Object); N],
) -> (&'static str, Object) {
    let kind = [("type", Object::new().with("const", wire_type))];
    let required: Vec<&str> = ["type"].into_iter().chain(required.iter().copied()).collect();
    let properties: Object = kind.into_iter().chain(properties).collect();
    let payload = typed("object").with("properties", properties).with("required", required);
    let message = Object::new()
        .with("name", wire_type)
        .with("title", wire_type)
        .with("summary", summary)
        .with("contentType", super::parts::JSON)
        .with("payload", Json::from(payload));
    (name, message)
}
