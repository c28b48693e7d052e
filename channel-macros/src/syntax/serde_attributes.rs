//! The arguments of `#[serde(..)]` that change what is on the wire.

use syn::spanned::Spanned as _;
use syn::{Attribute, Ident, LitStr, Token};

/// `rename(serialize = "..")` is a `rename` of one direction.
pub struct SerdeArgument {
    pub name: Ident,
    pub value: Option<LitStr>,
    pub direction: Direction,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Serialize,
    Deserialize,
    Both,
}

/// Serde itself reports those that don't parse.
pub fn serde_arguments(attrs: &[Attribute]) -> Vec<SerdeArgument> {
    let mut all = Vec::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("serde")) {
        let _ = attr.parse_nested_meta(|meta| {
            let name = meta.path.get_ident().cloned().unwrap_or_else(|| Ident::new("_other", meta.path.span()));
            if meta.input.peek(syn::token::Paren) {
                meta.parse_nested_meta(|inner| {
                    let direction = match inner.path.is_ident("serialize") {
                        true => Direction::Serialize,
                        false => Direction::Deserialize,
                    };
                    all.push(SerdeArgument { name: name.clone(), value: literal(&inner)?, direction });
                    Ok(())
                })
            } else {
                all.push(SerdeArgument { name, value: literal(&meta)?, direction: Direction::Both });
                Ok(())
            }
        });
    }
    all
}

pub fn value<'a>(arguments: &'a [SerdeArgument], name: &str) -> Option<&'a LitStr> {
    arguments.iter().find(|argument| argument.name == name)?.value.as_ref()
}

fn literal(meta: &syn::meta::ParseNestedMeta) -> syn::Result<Option<LitStr>> {
    if !meta.input.peek(Token![=]) {
        return Ok(None);
    }
    let value = meta.value()?;
    if value.peek(LitStr) {
        return value.parse().map(Some);
    }
    while !value.is_empty() && !value.peek(Token![,]) {
        value.parse::<proc_macro2::TokenTree>()?;
    }
    Ok(None)
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Rules {
    pub serialize: Case,
    pub deserialize: Case,
}

impl Rules {
    /// `name` is `rename_all` or `rename_all_fields`.
    pub fn of(name: &str, container: &[SerdeArgument]) -> Self {
        let mut rules = Self::default();
        for argument in container.iter().filter(|argument| argument.name == name) {
            let case = argument.value.as_ref().map(|value| Case::named(&value.value())).unwrap_or_default();
            if argument.direction != Direction::Deserialize {
                rules.serialize = case;
            }
            if argument.direction != Direction::Serialize {
                rules.deserialize = case;
            }
        }
        rules
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Case {
    #[default]
    AsWritten,
    Lower,
    Upper,
    Pascal,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

impl Case {
    /// Serde itself reports an unknown case.
    fn named(name: &str) -> Self {
        match name {
            "lowercase" => Self::Lower,
            "UPPERCASE" => Self::Upper,
            "PascalCase" => Self::Pascal,
            "camelCase" => Self::Camel,
            "snake_case" => Self::Snake,
            "SCREAMING_SNAKE_CASE" => Self::ScreamingSnake,
            "kebab-case" => Self::Kebab,
            "SCREAMING-KEBAB-CASE" => Self::ScreamingKebab,
            _ => Self::AsWritten,
        }
    }

    /// Serde takes its name to be in snake case.
    pub fn of_field(self, field: &str) -> String {
        match self {
            Self::AsWritten | Self::Lower | Self::Snake => field.into(),
            Self::Upper | Self::ScreamingSnake => field.to_ascii_uppercase(),
            Self::Pascal => pascal(field),
            Self::Camel => begin_small(&pascal(field)),
            Self::Kebab => field.replace('_', "-"),
            Self::ScreamingKebab => field.to_ascii_uppercase().replace('_', "-"),
        }
    }

    /// Serde takes its name to be in Pascal case.
    pub fn of_variant(self, variant: &str) -> String {
        match self {
            Self::AsWritten | Self::Pascal => variant.into(),
            Self::Lower => variant.to_ascii_lowercase(),
            Self::Upper => variant.to_ascii_uppercase(),
            Self::Camel => begin_small(variant),
            Self::Snake => words(variant),
            Self::ScreamingSnake => words(variant).to_ascii_uppercase(),
            Self::Kebab => words(variant).replace('_', "-"),
            Self::ScreamingKebab => words(variant).to_ascii_uppercase().replace('_', "-"),
        }
    }
}

fn pascal(field: &str) -> String {
    let mut out = String::with_capacity(field.len());
    let mut begins = true;
    for char in field.chars() {
        if char == '_' {
            begins = true;
        } else {
            out.push(if begins { char.to_ascii_uppercase() } else { char });
            begins = false;
        }
    }
    out
}

fn begin_small(name: &str) -> String {
    let mut chars = name.chars();
    let first = chars.next().map(|char| char.to_ascii_lowercase());
    first.into_iter().chain(chars).collect()
}

/// Each capital begins a word, as in serde: `HTTPRoom` is `h_t_t_p_room`.
fn words(variant: &str) -> String {
    let mut out = String::with_capacity(variant.len() + 4);
    for (at, char) in variant.chars().enumerate() {
        if at > 0 && char.is_uppercase() {
            out.push('_');
        }
        out.push(char.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_serde_makes() {
        let fields = ["AsWritten", "lowercase", "UPPERCASE", "PascalCase", "camelCase", "snake_case"];
        let made = fields.map(|case| Case::named(case).of_field("very_tasty"));
        assert_eq!(made, ["very_tasty", "very_tasty", "VERY_TASTY", "VeryTasty", "veryTasty", "very_tasty"]);
        let variants = ["PascalCase", "lowercase", "camelCase", "snake_case", "SCREAMING_SNAKE_CASE", "kebab-case"];
        let made = variants.map(|case| Case::named(case).of_variant("VeryTasty"));
        assert_eq!(made, ["VeryTasty", "verytasty", "veryTasty", "very_tasty", "VERY_TASTY", "very-tasty"]);
        assert_eq!(Case::named("SCREAMING-KEBAB-CASE").of_field("a_b"), "A-B");
        assert_eq!(Case::named("SCREAMING-KEBAB-CASE").of_variant("AbC"), "AB-C");
    }
}
