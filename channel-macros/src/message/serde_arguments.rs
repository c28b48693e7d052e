//! The arguments of serde's own attributes, as far as a message must know them.

use syn::spanned::Spanned as _;
use syn::{Attribute, Ident, LitStr, Token};

/// One argument of a `#[serde(..)]`; `rename(serialize = "..")` is a `rename` of one direction.
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

/// All serde arguments of a struct or field. What doesn't parse is left for serde to explain.
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

/// The string behind `=`, if it is one; any other value is passed over.
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

/// What `rename_all` makes of the fields' names, in each direction.
#[derive(Clone, Copy, Default)]
pub struct Rules {
    pub serialize: Case,
    pub deserialize: Case,
}

impl Rules {
    pub fn of(container: &[SerdeArgument]) -> Self {
        let mut rules = Self::default();
        for argument in container.iter().filter(|argument| argument.name == "rename_all") {
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

/// The cases of serde's `rename_all`, as far as they matter here: whether `type` and `ref` can come out.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Case {
    /// `snake_case`, `lowercase`: fields are left as they are.
    #[default]
    AsWritten,
    Camel,
    Kebab,
    /// Begins with a capital letter, or is all capitals.
    Capital,
}

impl Case {
    fn named(name: &str) -> Self {
        match name {
            "camelCase" => Self::Camel,
            "kebab-case" => Self::Kebab,
            "UPPERCASE" | "PascalCase" | "SCREAMING_SNAKE_CASE" | "SCREAMING-KEBAB-CASE" => Self::Capital,
            _ => Self::AsWritten,
        }
    }

    /// What serde's own rules make of a field's name.
    pub fn apply(self, field: &str) -> String {
        match self {
            Self::AsWritten => field.into(),
            Self::Kebab => field.replace('_', "-"),
            Self::Capital => field.to_uppercase(),
            Self::Camel => {
                let pascal = crate::names::camel(field);
                let mut chars = pascal.chars();
                let first = chars.next().map(|char| char.to_ascii_lowercase());
                first.into_iter().chain(chars).collect()
            }
        }
    }
}
