//! Comments for editors: the docs of Rust, with tags for what a type can't say.

use crate::protocol::describe::{FieldDescription, RuleDescription, TypeDescription, UnitDescription};

/// A comment of its own lines at this indent. Empty if there is nothing to say.
pub(super) fn comment(docs: &str, tags: &[String], indent: usize) -> String {
    let lines: Vec<_> = docs.trim().lines().map(str::trim_end).chain(tags.iter().map(String::as_str)).collect();
    let lines: Vec<_> = lines.iter().map(|line| line.replace("*/", "*\\/").replace(['\r', '\n'], " ")).collect();
    let margin = " ".repeat(indent);
    match &lines[..] {
        [] => String::new(),
        [only] => format!("{margin}/** {only} */\n"),
        lines => {
            let star =
                |line: &String| if line.is_empty() { format!("{margin} *\n") } else { format!("{margin} * {line}\n") };
            format!("{margin}/**\n{}{margin} */\n", lines.iter().map(star).collect::<String>())
        }
    }
}

pub(super) fn field_tags(field: &FieldDescription) -> Vec<String> {
    let mut tags = Vec::from_iter(format_tag(&field.ty));
    field.rules.iter().for_each(|rule| push_rule(&mut tags, rule, &field.ty));
    tags.extend(deprecated_tag(field.deprecated.as_deref()));
    tags
}

pub(super) fn deprecated_tag(note: Option<&str>) -> Option<String> {
    note.map(|note| format!("@deprecated {note}").trim_end().to_owned())
}

/// The format of a text, also of one in a list.
pub(super) fn format_tag(ty: &TypeDescription) -> Option<String> {
    match ty {
        TypeDescription::Text { format: Some(format) } => Some(format!("@format {format}")),
        TypeDescription::Nullable { inner: items }
        | TypeDescription::List { items }
        | TypeDescription::Array { items, .. }
        | TypeDescription::Record { value: items, .. } => format_tag(items),
        _ => None,
    }
}

fn push_rule(tags: &mut Vec<String>, rule: &RuleDescription, ty: &TypeDescription) {
    let mut tag = |name: &str, value: Option<String>| tags.extend(value.map(|value| format!("@{name} {value}")));
    match rule {
        RuleDescription::Length { min, max, unit } => {
            let counted = match unit {
                UnitDescription::Simple if is_list(ty) => "",
                UnitDescription::Simple | UnitDescription::Bytes => " bytes",
                UnitDescription::Graphemes => " graphemes",
                UnitDescription::Utf16 => " units of UTF-16",
                UnitDescription::Chars => "",
            };
            let of = if is_list(ty) { "Items" } else { "Length" };
            tag(&format!("min{of}"), min.map(|min| format!("{min}{counted}")));
            tag(&format!("max{of}"), max.map(|max| format!("{max}{counted}")));
        }
        RuleDescription::Range { min, max } => {
            tag("minimum", min.as_ref().map(ToString::to_string));
            tag("maximum", max.as_ref().map(ToString::to_string));
        }
        RuleDescription::Pattern { regex } => tag("pattern", Some(regex.clone())),
    }
}

fn is_list(ty: &TypeDescription) -> bool {
    match ty {
        TypeDescription::Nullable { inner } => is_list(inner),
        TypeDescription::List { .. } | TypeDescription::Array { .. } | TypeDescription::Record { .. } => true,
        _ => false,
    }
}
