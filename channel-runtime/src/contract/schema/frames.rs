//! Frames of the default envelope as schemas: messages, answers and errors. In another envelope a message's schema is that of its
//! payload alone, because a description does not say what the envelope writes around it.

use super::printer::Printer;
use super::shape::Shape;
use super::words::{schema, typed};
use crate::contract::directions::Direction;
use crate::contract::json::{Json, Object};
use crate::protocol::describe::{
    ChannelDescription, ContentDescription, DeliveryDescription, FaultDescription, MessageDescription,
};
use crate::protocol::message::Ref;

/// The keys that a later version of the framework may add to any frame.
const FRAMEWORK_KEYS: &str = "^\\$";

impl Printer<'_> {
    pub fn message(&self, channel: &ChannelDescription, message: &MessageDescription, direction: Direction) -> Object {
        let frame = if channel.envelope.is_none() {
            self.frame(channel, message, direction)
        } else {
            match &message.content {
                ContentDescription::Unit => Object::new(),
                content => self.content(content, direction),
            }
        };
        self.documented(frame, &message.docs, message.deprecated.as_deref())
    }

    fn frame(&self, channel: &ChannelDescription, message: &MessageDescription, direction: Direction) -> Object {
        let mut shape = self.opened(&message.wire_type);
        let is_kept = channel.keeps_history() && message.delivery == DeliveryDescription::Reliable;
        if direction == Direction::Heard && is_kept {
            let about = "Its number, if it was sent to a room whose history is kept. Rising, perhaps with gaps.";
            let number = typed("integer").with("minimum", 1).with("maximum", 1_i128 << 53);
            shape.properties.set("$seq", number.with("description", about));
        }
        if direction == Direction::Heard && message.answer.is_some() {
            let about = "The number of the question, if it is one: the client's `success` or `error` repeats it.";
            shape.properties.set("$ask", typed("integer").with("minimum", 1).with("description", about));
        }
        if direction == Direction::Said && message.idempotent {
            let about = "New for each message, and the same when it is sent again.";
            shape.properties.set("$id", typed("string").with("maxLength", 64).with("description", about));
        }
        if direction == Direction::Heard && !channel.rooms.is_empty() {
            shape.properties.set("$room", typed("string").with("description", "The room that it was sent to."));
        }
        self.add_content(&mut shape, &message.content, direction);
        let takes_no_others = shape.closed && direction == Direction::Said;
        let frame = self.object(shape, direction);
        if takes_no_others { frame.with("patternProperties", framework_keys()) } else { frame }
    }

    fn opened(&self, wire_type: &str) -> Shape {
        let mut shape = Shape::default();
        shape.require("type", Object::new().with("const", wire_type));
        shape.properties.set("ref", self.reference_to("Ref"));
        shape
    }

    /// The answer to a message that has no other one.
    pub fn success(&self) -> Object {
        let mut shape = self.opened("success");
        shape.required.push("ref".into());
        if self.description.channels.iter().any(|channel| channel.from_client.iter().any(|message| message.idempotent))
        {
            let about = "It was answered before, to the same `$id`.";
            shape.properties.set("$again", Object::new().with("const", true).with("description", about));
        }
        self.object(shape, Direction::Heard)
            .with("patternProperties", framework_keys())
            .with("additionalProperties", false)
            .with("description", "The answer to a message that was handled, and has no other one.")
    }

    /// An answer with this data.
    pub fn success_with(&self, data: Object) -> Object {
        let mut shape = self.opened("success");
        shape.require("data", schema(data));
        shape.require("timestamp", timestamp());
        self.object(shape, Direction::Heard)
    }

    /// What went wrong. `details` is the schema of the details for each code that has some, in the order of the codes.
    pub fn error(&self, codes: &[&str], details: &[(&str, Object)]) -> Object {
        let mut shape = self.opened("error");
        let about = "A single word is the framework's, one with a dot the channel's.";
        let code = typed("string").with("description", about);
        let code = if codes.is_empty() { code } else { code.with("examples", codes.to_vec()) };
        shape.require("code", code);
        shape.require("message", typed("string").with("description", "For people."));
        shape.require("timestamp", timestamp());
        shape.properties.set("details", true);
        let by_code = |(code, details): &(&str, Object)| {
            let is = Object::new().with("code", Object::new().with("const", *code));
            let has = Object::new().with("details", schema(details.clone()));
            let needs = |key: &str| vec![Json::from(key)];
            Object::new()
                .with("if", Object::new().with("properties", is).with("required", needs("code")))
                .with("then", Object::new().with("properties", has).with("required", needs("details")))
        };
        shape.all_of = details.iter().map(by_code).collect();
        self.object(shape, Direction::Heard)
            .with("description", "What went wrong. With a `ref` it is the answer to that message.")
    }

    /// The details of a fault. `None` if it has none.
    pub fn details(&self, fault: &FaultDescription) -> Option<Object> {
        let details = fault.details.as_ref()?;
        Some(self.documented(self.content(details, Direction::Heard), &fault.docs, None))
    }
}

/// The `ref` of a message.
pub fn reference() -> Object {
    let integer = typed("integer").with("minimum", i128::from(i64::MIN)).with("maximum", i128::from(i64::MAX));
    let text = typed("string").with("maxLength", super::words::len_of(Ref::MAX_LEN));
    Object::new()
        .with("anyOf", vec![integer, text])
        .with("description", "Chosen by the client, and repeated in the one answer.")
}

pub fn timestamp() -> Object {
    typed("string").with("format", "date-time")
}

fn framework_keys() -> Object {
    Object::new().with(FRAMEWORK_KEYS, true)
}
