//! Rules of values as words of JSON Schema. A rule that a schema can't say exactly is left out, or said more leniently: no value
//! that the server accepts is refused by the schema.

use super::printer::Printer;
use super::words::typed;
use crate::contract::json::{Json, Object};
use crate::protocol::describe::{ContentDescription, RuleDescription, TypeDescription, TypeShape, UnitDescription};

/// The most bytes of a character in UTF-8.
const WIDEST: u64 = 4;

impl Printer<'_> {
    /// The schema of a value with its rules.
    pub fn ruled(&self, value: Object, ty: &TypeDescription, rules: &[RuleDescription]) -> Object {
        let inner = match ty {
            TypeDescription::Nullable { inner } => inner,
            ty => ty,
        };
        let Some(kind) = self.kind(inner) else { return value };
        let words: Object = rules.iter().flat_map(|rule| words(rule, kind)).collect();
        if words.is_empty() {
            return value;
        }
        match value.array("anyOf") {
            [Json::Object(of), null] if matches!(ty, TypeDescription::Nullable { .. }) => {
                Object::new().with("anyOf", vec![Json::from(join(of.clone(), kind, words)), null.clone()])
            }
            _ => join(value, kind, words),
        }
    }

    /// The word for the values that rules are about. `None` if there are none.
    fn kind(&self, ty: &TypeDescription) -> Option<&'static str> {
        match ty {
            TypeDescription::Text { .. } => Some("string"),
            TypeDescription::Integer { .. } => Some("integer"),
            TypeDescription::Float { .. } => Some("number"),
            TypeDescription::List { .. } => Some("array"),
            TypeDescription::Record { .. } => Some("object"),
            TypeDescription::Named { name } => match &self.description.types.get(name)?.shape {
                TypeShape::Struct(ContentDescription::As { ty }) => self.kind(ty),
                _ => None,
            },
            _ => None,
        }
    }
}

fn join(mut schema: Object, kind: &str, words: Object) -> Object {
    if schema.text("type") != Some(kind) {
        let ruled = typed(kind).iter().chain(words.iter()).map(|(key, value)| (key, value.clone())).collect();
        return Object::new().with("allOf", vec![schema, ruled]);
    }
    for (word, value) in words.iter() {
        schema.set(word, value.clone());
    }
    schema
}

fn words(rule: &RuleDescription, kind: &str) -> Vec<(&'static str, Json)> {
    match rule {
        RuleDescription::Length { min, max, unit, .. } => {
            let [least, most] = match kind {
                "string" => ["minLength", "maxLength"],
                "array" => ["minItems", "maxItems"],
                "object" => ["minProperties", "maxProperties"],
                _ => return Vec::new(),
            };
            // A schema counts code points, of which one has up to four bytes or two units; a grapheme has any number.
            let (least_of, has_most) = match unit {
                _ if kind != "string" => (1, true),
                UnitDescription::Chars => (1, true),
                UnitDescription::Simple | UnitDescription::Bytes => (WIDEST, true),
                UnitDescription::Utf16 => (2, true),
                _ => (1, false),
            };
            let min = min.filter(|min| *min > 0).map(|min| (least, min.div_ceil(least_of).into()));
            let max = max.filter(|_| has_most).map(|max| (most, max.into()));
            min.into_iter().chain(max).collect()
        }
        RuleDescription::Range { min, max, .. } if matches!(kind, "integer" | "number") => {
            let word = |word, bound: &Option<_>| bound.clone().map(|bound: serde_json::Number| (word, bound.into()));
            word("minimum", min).into_iter().chain(word("maximum", max)).collect()
        }
        RuleDescription::Pattern { regex, .. } if kind == "string" && is_known_everywhere(regex) => {
            vec![("pattern", regex.into())]
        }
        _ => Vec::new(),
    }
}

/// Whether Rust's crate `regex` and ECMAScript read the expression alike.
///
/// The classes `\d`, `\w`, `\s` and `\b` are those of Unicode in Rust and of ASCII in ECMAScript, so that they are none of these.
fn is_known_everywhere(regex: &str) -> bool {
    let mut rest = regex.chars().peekable();
    let mut in_class = false;
    while let Some(char) = rest.next() {
        match char {
            '\\' => match rest.next() {
                Some('n' | 'r' | 't') => {}
                Some(escaped)
                    if escaped.is_ascii_punctuation()
                        && !matches!(escaped, '<' | '>' | '\'' | '"' | '#' | '%' | '&' | '~') => {}
                _ => return false,
            },
            '[' if in_class => return false,
            '[' => in_class = true,
            ']' => in_class = false,
            '&' | '~' if in_class && rest.peek() == Some(&char) => return false,
            '-' if in_class && rest.peek() == Some(&'-') => return false,
            // Of groups, only those without a name are the same: `(?:`.
            '(' if !in_class && rest.peek() == Some(&'?') => {
                rest.next();
                if rest.next() != Some(':') {
                    return false;
                }
            }
            // In ECMAScript `.` takes a carriage return for a line's end too.
            '.' if !in_class => return false,
            _ => {}
        }
    }
    !in_class
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_passed_on_if_both_engines_read_it_alike() {
        for same in ["^[a-z0-9_]+$", "^(?:a|b){2,3}$", r"^\$[0-9]+\.[0-9]{2}$", "", "^[^:]+:[0-9]+$"] {
            assert!(is_known_everywhere(same), "{same}");
        }
        let other =
            [r"^\d+$", r"\bword\b", "(?i)yes", r"\Aa\z", "[[:alpha:]]", "[a-z&&[^b]]", "(?P<n>a)", ".", r"\p{L}", "[a"];
        for other in other {
            assert!(!is_known_everywhere(other), "{other}");
        }
    }

    #[test]
    fn a_length_in_bytes_is_said_leniently() {
        let of = |unit, kind| words(&RuleDescription::Length { min: Some(3), max: Some(8), unit }, kind);
        let expected =
            |least: &'static str, min: i32, most: &'static str| vec![(least, Json::from(min)), (most, 8.into())];
        assert_eq!(of(UnitDescription::Chars, "string"), expected("minLength", 3, "maxLength"));
        assert_eq!(of(UnitDescription::Bytes, "string"), expected("minLength", 1, "maxLength"));
        assert_eq!(of(UnitDescription::Simple, "array"), expected("minItems", 3, "maxItems"));
        assert_eq!(of(UnitDescription::Graphemes, "string"), [("minLength", 3.into())]);
        assert!(of(UnitDescription::Chars, "integer").is_empty());
    }
}
