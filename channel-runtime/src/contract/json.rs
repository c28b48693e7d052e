//! JSON whose keys stay in the order in which they were added, whatever features of `serde_json` an application turns on.

use serde_json::Number;

/// The longest line that an array or object is written on as a whole, its indentation not counted.
const LINE: usize = 100;

#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    Integer(i128),
    Number(Number),
    Text(String),
    Array(Vec<Json>),
    Object(Object),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object(Vec<(String, Json)>);

impl Object {
    pub fn new() -> Self {
        Self::default()
    }

    /// With a key that it does not have yet.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Json>) -> Self {
        self.set(key, value);
        self
    }

    /// With a key if there is a value for it.
    #[must_use]
    pub fn maybe(self, key: &str, value: Option<impl Into<Json>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// Sets a key, in its place if the object has it.
    pub fn set(&mut self, key: &str, value: impl Into<Json>) {
        let value = value.into();
        match self.0.iter_mut().find(|(known, _)| known == key) {
            Some((_, place)) => *place = value,
            None => self.0.push((key.into(), value)),
        }
    }

    pub fn get(&self, key: &str) -> Option<&Json> {
        self.0.iter().find_map(|(known, value)| (known == key).then_some(value))
    }

    pub fn text(&self, key: &str) -> Option<&str> {
        match self.get(key) {
            Some(Json::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub fn object(&self, key: &str) -> Option<&Object> {
        match self.get(key) {
            Some(Json::Object(object)) => Some(object),
            _ => None,
        }
    }

    pub fn array(&self, key: &str) -> &[Json] {
        match self.get(key) {
            Some(Json::Array(items)) => items,
            _ => &[],
        }
    }

    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The document as text, with a new line behind it.
    pub fn print(&self) -> String {
        let mut out = String::new();
        Json::Object(self.clone()).write(0, &mut out);
        out.push('\n');
        out
    }
}

impl<K: Into<String>, V: Into<Json>> FromIterator<(K, V)> for Object {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        Self(entries.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}

impl IntoIterator for Object {
    type Item = (String, Json);
    type IntoIter = std::vec::IntoIter<(String, Json)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Json {
    fn write(&self, indent: usize, out: &mut String) {
        let line = self.line();
        match self {
            Self::Array(items) if line.len() > LINE => {
                lines(indent, out, ['[', ']'], items, |item, out| item.write(indent + 2, out));
            }
            Self::Object(Object(entries)) if line.len() > LINE => {
                lines(indent, out, ['{', '}'], entries, |(key, value), out| {
                    *out += &format!("{}: ", quoted(key));
                    value.write(indent + 2, out);
                });
            }
            _ => *out += &line,
        }
    }

    /// In one line.
    pub fn line(&self) -> String {
        match self {
            Self::Null => "null".into(),
            Self::Bool(bool) => bool.to_string(),
            Self::Integer(integer) => integer.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => quoted(text),
            Self::Array(items) => format!("[{}]", items.iter().map(Self::line).collect::<Vec<_>>().join(", ")),
            Self::Object(Object(entries)) if entries.is_empty() => "{}".into(),
            Self::Object(Object(entries)) => {
                let entry = |(key, value): &(String, Self)| format!("{}: {}", quoted(key), value.line());
                format!("{{ {} }}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
            }
        }
    }
}

fn lines<T>(indent: usize, out: &mut String, [open, close]: [char; 2], items: &[T], write: impl Fn(&T, &mut String)) {
    out.push(open);
    for (at, item) in items.iter().enumerate() {
        *out += if at == 0 { "\n" } else { ",\n" };
        *out += &" ".repeat(indent + 2);
        write(item, out);
    }
    out.push('\n');
    *out += &" ".repeat(indent);
    out.push(close);
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl From<bool> for Json {
    fn from(bool: bool) -> Self {
        Self::Bool(bool)
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Json {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<Number> for Json {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}

impl From<Object> for Json {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}

impl<T: Into<Json>> From<Vec<T>> for Json {
    fn from(items: Vec<T>) -> Self {
        Self::Array(items.into_iter().map(Into::into).collect())
    }
}

macro_rules! integers {
    ($($integer:ty)+) => {$(
        impl From<$integer> for Json {
            fn from(integer: $integer) -> Self {
                Self::Integer(integer.into())
            }
        }
    )+};
}

integers!(i32 u8 u16 u32 u64 i128);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_in_their_order_and_long_values_stand_on_lines_of_their_own() {
        let long = "x".repeat(LINE);
        let object = Object::new()
            .with("z", vec![1, 2])
            .with("a", Object::new().with("key", "a \"b\"\n"))
            .with("long", vec![long.as_str()])
            .with("none", Object::new())
            .maybe("absent", None::<bool>);
        let expected = format!(
            "{{\n  \"z\": [1, 2],\n  \"a\": {{ \"key\": \"a \\\"b\\\"\\n\" }},\n  \"long\": [\n    \"{long}\"\n  ],\n  \"none\": {{}}\n}}\n"
        );
        assert_eq!(object.print(), expected);
        assert!(serde_json::from_str::<serde_json::Value>(&object.print()).is_ok());
    }

    #[test]
    fn a_key_that_is_set_again_stays_in_its_place() {
        let mut object = Object::new().with("a", 1).with("b", 2);
        object.set("a", 3);
        assert_eq!(Json::from(object).line(), r#"{ "a": 3, "b": 2 }"#);
    }
}
