//! Schemas that need nothing of a description.

use crate::contract::json::{Json, Object};

pub fn typed(name: &str) -> Object {
    Object::new().with("type", name)
}

/// A schema as a value: `true` if it accepts everything.
pub fn schema(of: Object) -> Json {
    if of.is_empty() { true.into() } else { of.into() }
}

/// `anyOf`, because the value may be null already.
pub fn or_null(inner: Object) -> Object {
    let is_null = |schema: &Json| matches!(schema, Json::Object(schema) if schema.text("type") == Some("null"));
    if inner.is_empty() || inner.text("type") == Some("null") || inner.array("anyOf").iter().any(is_null) {
        return inner;
    }
    Object::new().with("anyOf", vec![inner, typed("null")])
}

pub fn integer(signed: bool, bits: u8) -> Object {
    let integer = typed("integer");
    match (signed, bits) {
        // Most readers have no numbers for these bounds.
        (true, 65..) => integer,
        (false, 65..) => integer.with("minimum", 0),
        (true, bits) => {
            let above = 1_i128 << (bits.max(1) - 1);
            integer.with("minimum", -above).with("maximum", above - 1)
        }
        (false, bits) => integer.with("minimum", 0).with("maximum", (1_i128 << bits) - 1),
    }
}

/// A validator may refuse a format that it does not know, so that only those of JSON Schema are named as formats.
pub fn text(format: Option<&str>) -> Object {
    let text = typed("string");
    match format {
        None => text,
        Some("char") => text.with("minLength", 1).with("maxLength", 1),
        Some("base64") => text.with("contentEncoding", "base64"),
        Some("ip") => {
            text.with("anyOf", vec![Object::new().with("format", "ipv4"), Object::new().with("format", "ipv6")])
        }
        Some(known @ ("date-time" | "date" | "time" | "duration" | "ipv4" | "ipv6" | "uri" | "uuid")) => {
            text.with("format", known)
        }
        Some(other) => text.with("description", other),
    }
}

pub fn len_of(len: usize) -> i128 {
    len as i128
}
