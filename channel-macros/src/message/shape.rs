//! Whether a struct is an object on the wire, and whether its keys leave ours alone, as far as its own text tells.

use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Attribute, Field, Fields, Ident, ItemStruct, LitStr, Token, Type};

use crate::errors::Errors;
use crate::spans::{last_segment, text, ungroup};

/// Types that serde writes as something else than an object; `Box` and its like are seen through.
const NO_OBJECTS: &[&str] = &[
    "String", "str", "bool", "char", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize",
    "f32", "f64", "Vec", "VecDeque", "LinkedList", "HashSet", "BTreeSet", "BinaryHeap", "Option", "PathBuf", "Duration",
];

pub fn check(item: &ItemStruct, errors: &mut Errors) {
    let container = serde_arguments(&item.attrs);
    check_container(&container, &item.fields, errors);
    let rules = Rules::of(&container);
    for field in &item.fields {
        check_field(field, rules, errors);
    }
    if let Fields::Unnamed(fields) = &item.fields {
        match fields.unnamed.iter().collect::<Vec<_>>()[..] {
            [] => errors.at(fields, "a message is an object, with named fields", "write it without the parentheses"),
            [inner] => check_newtype(&inner.ty, errors),
            [..] => errors.at(fields, "a message is an object, with named fields", "give each of these fields a name: `{ .. }`"),
        }
    }
}

fn check_newtype(ty: &Type, errors: &mut Errors) {
    let inner = match last_segment(ty) {
        Some(segment) if matches!(segment.ident.to_string().as_str(), "Box" | "Rc" | "Arc") => match &segment.arguments {
            syn::PathArguments::AngleBracketed(arguments) => match arguments.args.first() {
                Some(syn::GenericArgument::Type(inner)) => return check_newtype(inner, errors),
                _ => return,
            },
            _ => return,
        },
        Some(segment) => segment.ident.to_string(),
        None if matches!(ungroup(ty), Type::Tuple(_) | Type::Array(_) | Type::Slice(_)) => text(ty),
        None => return,
    };
    if NO_OBJECTS.contains(&inner.as_str()) || last_segment(ty).is_none() {
        let remedy = format!("give it a named field: `{{ value: {} }}`", text(ty));
        errors.at(ty, format_args!("a message is an object, and `{}` is written as something else", text(ty)), remedy);
    }
}

fn check_container(container: &[SerdeArgument], fields: &Fields, errors: &mut Errors) {
    for argument in container {
        match argument.name.to_string().as_str() {
            "tag" => {
                if let Some(key) = &argument.value {
                    check_key(&key.value(), key, errors);
                }
            }
            "untagged" => errors.at(
                &argument.name,
                "a message is not `untagged`: it is known by its `type`",
                "take `untagged` away",
            ),
            "transparent" if matches!(fields, Fields::Named(_) | Fields::Unit) => errors.at(
                &argument.name,
                "a message is an object of its own fields, and `transparent` makes it what one field is",
                "take `transparent` away, or write the struct as a newtype of another object: `struct M(Inner);`",
            ),
            _ => {}
        }
    }
}

fn check_field(field: &Field, rules: Rules, errors: &mut Errors) {
    let arguments = serde_arguments(&field.attrs);
    let has = |name: &str| arguments.iter().any(|argument| argument.name == name);
    if has("skip") {
        return;
    }
    if let Type::Reference(reference) = ungroup(&field.ty) {
        let inner = text(&reference.elem);
        let owned = if inner == "str" { "String".into() } else { inner };
        errors.at(&field.ty, "a message owns its data, for it is sent to many and outlives what it was read from", format_args!("write `{owned}`"));
    }
    let mut renamed = (false, false);
    for argument in &arguments {
        let Some(key) = &argument.value else { continue };
        match argument.name.to_string().as_str() {
            "rename" => {
                check_key(&key.value(), key, errors);
                renamed.0 |= argument.direction != Direction::Deserialize;
                renamed.1 |= argument.direction != Direction::Serialize;
            }
            "alias" => check_key(&key.value(), key, errors),
            _ => {}
        }
    }
    let Some(name) = &field.ident else { return };
    if has("flatten") {
        return;
    }
    let plain = name.unraw().to_string();
    let written = (!renamed.0 && !has("skip_serializing")).then(|| rules.serialize.apply(&plain));
    let read = (!renamed.1 && !has("skip_deserializing")).then(|| rules.deserialize.apply(&plain));
    if let Some(key) = written.into_iter().chain(read).find(|key| is_reserved(key)) {
        let remedy = format!("name it otherwise, say `{key}_` or `kind`, with `#[serde(rename = \"..\")]` for the key on the wire");
        errors.at(name, format_args!("the key `{key}` of a message is the framework's"), remedy);
    }
}

fn check_key(key: &str, literal: &LitStr, errors: &mut Errors) {
    if is_reserved(key) {
        let what = format!("the key `{key}` of a message is the framework's");
        errors.at(literal, what, "choose another one; `type`, `ref` and all that begin with `$` are reserved");
    }
}

fn is_reserved(key: &str) -> bool {
    key == "type" || key == "ref" || key.starts_with('$')
}

/// One argument of a `#[serde(..)]`; `rename(serialize = "..")` is a `rename` of one direction.
pub struct SerdeArgument {
    pub name: Ident,
    value: Option<LitStr>,
    direction: Direction,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
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
struct Rules {
    serialize: Case,
    deserialize: Case,
}

impl Rules {
    fn of(container: &[SerdeArgument]) -> Self {
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
enum Case {
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
    fn apply(self, field: &str) -> String {
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

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;
    use quote::quote;

    use super::*;

    fn flaws(item: TokenStream) -> Vec<String> {
        let item: ItemStruct = syn::parse2(item).unwrap();
        let mut errors = Errors::default();
        check(&item, &mut errors);
        errors.messages().into_iter().map(|message| message.lines().next().unwrap().into()).collect()
    }

    const RESERVED: &str = "is the framework's";

    fn is_refused(item: TokenStream) {
        let text = item.to_string();
        assert!(matches!(&flaws(item)[..], [one] if one.ends_with(RESERVED)), "{text}");
    }

    fn is_fine(item: TokenStream) {
        let text = item.to_string();
        assert_eq!(flaws(item), [""; 0], "{text}");
    }

    #[test]
    fn reserved_keys_are_refused_wherever_they_come_from() {
        is_refused(quote!(struct M { r#type: u8 }));
        is_refused(quote!(struct M { r#ref: u8 }));
        is_refused(quote!(struct M { #[serde(rename = "type")] kind: u8 }));
        is_refused(quote!(struct M { #[serde(rename(serialize = "kind", deserialize = "ref"))] r#ref: u8 }));
        is_refused(quote!(struct M { #[serde(rename(serialize = "kind"))] r#type: u8 }));
        is_refused(quote!(struct M { #[serde(default, alias = "$room")] room: u8 }));
        is_refused(quote!(#[serde(rename_all = "camelCase")] struct M { type_: u8 }));
        is_refused(quote!(#[serde(rename_all(deserialize = "UPPERCASE"))] struct M { r#type: u8 }));
        is_refused(quote!(#[serde(tag = "type")] struct M { a: u8 }));
    }

    #[test]
    fn other_keys_are_fine() {
        is_fine(quote!(struct M { kind: u8, reference: u8, r#move: u8 }));
        is_fine(quote!(struct M { #[serde(rename = "kind")] r#type: u8 }));
        is_fine(quote!(struct M { #[serde(skip)] r#type: u8 }));
        is_fine(quote!(struct M { #[serde(skip_serializing_if = "Option::is_none", default)] a: Option<u8> }));
        is_fine(quote!(#[serde(rename_all = "UPPERCASE")] struct M { r#type: u8 }));
        is_fine(quote!(#[serde(tag = "kind")] struct M { a: u8 }));
        is_fine(quote!(struct M { #[serde(flatten)] rest: HashMap<String, Value> }));
        is_fine(quote!(struct M;));
    }

    #[test]
    fn a_message_is_an_object() {
        is_fine(quote!(struct M(Inner);));
        is_fine(quote!(struct M(HashMap<String, u8>);));
        is_fine(quote!(struct M(Box<Inner>);));
        for inner in [quote!(String), quote!(std::vec::Vec<u8>), quote!((u8, u8)), quote!([u8; 4]), quote!(Box<Option<Inner>>), quote!(())] {
            assert_eq!(flaws(quote!(struct M(#inner);)).len(), 1, "{inner}");
        }
        assert_eq!(flaws(quote!(struct M(u8, u8);)).len(), 1);
        assert_eq!(flaws(quote!(struct M();)).len(), 1);
    }

    #[test]
    fn a_message_owns_its_data() {
        assert_eq!(flaws(quote!(struct M { a: &'static str, b: &'a [u8] })).len(), 2);
    }

    #[test]
    fn serde_s_other_representations_are_refused() {
        assert_eq!(flaws(quote!(#[serde(untagged)] struct M { a: u8 })).len(), 1);
        assert_eq!(flaws(quote!(#[serde(transparent)] struct M { a: Inner })).len(), 1);
        is_fine(quote!(#[serde(transparent)] struct M(Inner);));
    }
}
