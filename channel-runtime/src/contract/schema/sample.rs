//! A value that fits a schema: the example in a document and the start of a form.

use crate::contract::json::{Json, Object};

/// How deep the optional parts of a value go.
const DEPTH: usize = 4;
/// How deep a value goes at all.
const DEEPEST: usize = 64;

pub struct Samples<'a> {
    /// The schema of a definition's reference.
    pub resolve: &'a dyn Fn(&str) -> Option<Object>,
}

impl Samples<'_> {
    /// `None` if a value can't be made up: a text with a pattern, or a type that contains itself without an end.
    pub fn of(&self, schema: &Object) -> Option<Json> {
        self.value(schema, 0)
    }

    fn value(&self, schema: &Object, depth: usize) -> Option<Json> {
        if depth > DEEPEST {
            return None;
        }
        if let Some(reference) = schema.text("$ref") {
            return self.value(&(self.resolve)(reference)?, depth + 1);
        }
        if let Some(constant) = schema.get("const") {
            return Some(constant.clone());
        }
        if let Some(first) = schema.array("enum").first().or(schema.array("examples").first()) {
            return Some(first.clone());
        }
        match schema.text("type") {
            Some("object") => self.object(schema, depth),
            Some("array") => self.array(schema, depth),
            Some("string") => string(schema),
            Some("integer" | "number") => number(schema),
            Some("boolean") => Some(false.into()),
            Some("null") => Some(Json::Null),
            _ => self.combined(schema, depth),
        }
    }

    fn combined(&self, schema: &Object, depth: usize) -> Option<Json> {
        let parts = schema.array("allOf");
        if !parts.is_empty() {
            return self.all(parts, depth);
        }
        let choices = [schema.array("oneOf"), schema.array("anyOf")].concat();
        if choices.is_empty() {
            return if schema.has("not") { None } else { Some(Json::Object(Object::new())) };
        }
        choices.iter().find_map(|choice| self.any(choice, depth + 1))
    }

    fn any(&self, schema: &Json, depth: usize) -> Option<Json> {
        match schema {
            Json::Object(schema) => self.value(schema, depth),
            Json::Bool(true) => Some(Json::Object(Object::new())),
            _ => None,
        }
    }

    /// Of a schema with rules beside it, or of parts of one object.
    fn all(&self, parts: &[Json], depth: usize) -> Option<Json> {
        let values: Vec<Json> = parts.iter().map(|part| self.any(part, depth + 1)).collect::<Option<_>>()?;
        let mut whole = Object::new();
        for value in &values {
            match value {
                Json::Object(part) => part.iter().for_each(|(key, value)| whole.set(key, value.clone())),
                // The rules are said last, and their sample keeps to them.
                _ => return values.last().cloned(),
            }
        }
        Some(whole.into())
    }

    fn object(&self, schema: &Object, depth: usize) -> Option<Json> {
        let required = schema.array("required");
        let mut object = Object::new();
        for (key, property) in schema.object("properties").into_iter().flat_map(Object::iter) {
            let is_required = required.contains(&key.into());
            match self.any(property, depth + 1) {
                Some(value) if is_required || depth < DEPTH && key != "ref" && key != "$room" => object.set(key, value),
                None if is_required => return None,
                _ => {}
            }
        }
        for part in schema.array("allOf") {
            match self.any(part, depth + 1)? {
                Json::Object(part) => part.iter().for_each(|(key, value)| object.set(key, value.clone())),
                _ => return None,
            }
        }
        // A key of a map would have to be made up too.
        if schema.has("minProperties") { None } else { Some(object.into()) }
    }

    fn array(&self, schema: &Object, depth: usize) -> Option<Json> {
        let places = match schema.array("prefixItems") {
            [] => schema.array("items"),
            places => places,
        };
        if !places.is_empty() {
            return Some(Json::Array(places.iter().map(|place| self.any(place, depth + 1)).collect::<Option<_>>()?));
        }
        let least = match schema.get("minItems") {
            Some(Json::Integer(least)) => usize::try_from(*least).ok()?,
            _ => usize::from(depth < DEPTH),
        };
        let item = schema.get("items").and_then(|items| self.any(items, depth + 1));
        match (least, item) {
            (0, _) | (1, None) if !schema.has("minItems") => Some(Json::Array(Vec::new())),
            (0, _) => Some(Json::Array(Vec::new())),
            (1..=64, Some(item)) => Some(Json::Array(vec![item; least])),
            _ => None,
        }
    }
}

fn string(schema: &Object) -> Option<Json> {
    let text = match schema.text("format") {
        Some("date-time") => "2026-01-31T12:00:00Z",
        Some("date") => "2026-01-31",
        Some("time") => "12:00:00Z",
        Some("duration") => "PT1M",
        Some("uuid") => "67e55044-10b1-426f-9247-bb680e5fe0c8",
        Some("uri") => "https://example.com/",
        Some("ipv4") => "192.0.2.1",
        Some("ipv6") => "2001:db8::1",
        _ if schema.has("pattern") || schema.has("not") => return None,
        _ if schema.has("anyOf") => "192.0.2.1",
        _ if schema.text("contentEncoding") == Some("base64") => "aGk=",
        _ => "text",
    };
    let bound = |word| match schema.get(word) {
        Some(Json::Integer(bound)) => usize::try_from(*bound).ok(),
        _ => None,
    };
    let (least, most) = (bound("minLength").unwrap_or(0), bound("maxLength").unwrap_or(usize::MAX));
    if least > 256 || least > most {
        return None;
    }
    let len = text.len().max(least).min(most);
    Some(text.chars().cycle().take(len).collect::<String>().into())
}

fn number(schema: &Object) -> Option<Json> {
    let bound = |word| match schema.get(word) {
        Some(Json::Integer(bound)) => Some(*bound as f64),
        Some(Json::Number(bound)) => bound.as_f64(),
        _ => None,
    };
    match (bound("minimum"), bound("maximum")) {
        (Some(least), _) if least > 1.0 => schema.get("minimum").cloned(),
        (_, Some(most)) if most < 1.0 => schema.get("maximum").cloned(),
        _ => Some(1.into()),
    }
}
