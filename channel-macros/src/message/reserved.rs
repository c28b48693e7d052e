//! Names that the default envelope keeps for itself: types such as `error`, and the keys `type`, `ref` and `$..`. `foreign` permits
//! them, for a message that travels in another envelope.

use quote::ToTokens;
use syn::ext::IdentExt as _;
use syn::{Error, Field, Ident, ItemStruct, LitStr};

use crate::syntax::errors::Errors;
use crate::syntax::serde_attributes::{Direction, Rules, SerdeArgument, serde_arguments};
use crate::syntax::wire_type;

/// What a message says of itself for the lists of channels, as starts of errors.
#[derive(Debug, PartialEq, Eq)]
pub struct Foreign {
    pub first: String,
    /// Empty if there is no key `type`.
    pub type_key: String,
}

pub struct Reserved {
    name: String,
    error: Error,
}

/// All that `item` has, of which the first is the type.
pub fn find(item: &ItemStruct, wire_type: Option<&LitStr>) -> Vec<Reserved> {
    let of_type = wire_type.and_then(|literal| {
        let error = wire_type::reserved(literal)?;
        Some(Reserved { name: format!("the type {:?}", literal.value()), error })
    });
    let container = serde_arguments(&item.attrs);
    let rules = Rules::of("rename_all", &container);
    let tags = container.iter().filter(|argument| argument.name == "tag").filter_map(of_value);
    let of_fields = item.fields.iter().flat_map(|field| of_field(field, rules));
    of_type.into_iter().chain(tags).chain(of_fields).collect()
}

/// `None` unless `foreign` permits what is found.
pub fn check(item: &ItemStruct, foreign: Option<&Ident>, found: Vec<Reserved>, errors: &mut Errors) -> Option<Foreign> {
    let has = |reserved: &Reserved| format!("`{}` has {}", item.ident.unraw(), reserved.name);
    match (foreign, found.first()) {
        (Some(_), Some(first)) => {
            let type_key = found.iter().find(|reserved| reserved.name == "the key \"type\"").map(has);
            Some(Foreign { first: has(first), type_key: type_key.unwrap_or_default() })
        }
        (Some(foreign), None) => {
            let what = format!("`foreign` permits a reserved type or key, and `{}` has none", item.ident.unraw());
            errors.at(foreign, what, "take `foreign` away: a message with other names travels in every envelope");
            None
        }
        (None, _) => {
            for Reserved { error, .. } in found {
                let remedy = "or, if it travels in another envelope, say so: `#[message(type = \"..\", foreign)]`";
                errors.push(Error::new(error.span(), format!("{error}\n{remedy}")));
            }
            None
        }
    }
}

fn of_field(field: &Field, rules: Rules) -> Vec<Reserved> {
    let arguments = serde_arguments(&field.attrs);
    let has = |name: &str| arguments.iter().any(|argument| argument.name == name);
    if has("skip") {
        return Vec::new();
    }
    let renames = || arguments.iter().filter(|argument| argument.name == "rename" && argument.value.is_some());
    let given = arguments.iter().filter(|argument| argument.name == "rename" || argument.name == "alias");
    let mut found: Vec<_> = given.filter_map(of_value).collect();
    let Some(name) = field.ident.as_ref().filter(|_| !has("flatten")) else { return found };
    let plain = name.unraw().to_string();
    let is_written = !has("skip_serializing") && renames().all(|rename| rename.direction == Direction::Deserialize);
    let is_read = !has("skip_deserializing") && renames().all(|rename| rename.direction == Direction::Serialize);
    let written = is_written.then(|| rules.serialize.of_field(&plain));
    let read = is_read.then(|| rules.deserialize.of_field(&plain));
    found.extend(written.into_iter().chain(read).find(|key| is_reserved(key)).map(|key| {
        let remedy = format!(
            "name it otherwise, say `{key}_` or `kind`, with `#[serde(rename = \"..\")]` for the key on the wire"
        );
        of_key(&key, name, &remedy)
    }));
    found
}

fn of_value(argument: &SerdeArgument) -> Option<Reserved> {
    let literal = argument.value.as_ref()?;
    let key = literal.value();
    let remedy = "choose another one; `type`, `ref` and all that begin with `$` are reserved";
    is_reserved(&key).then(|| of_key(&key, literal, remedy))
}

fn of_key(key: &str, tokens: impl ToTokens, remedy: &str) -> Reserved {
    let what = format!("the key `{key}` of a message is the framework's\n{remedy}");
    Reserved { name: format!("the key {key:?}"), error: Error::new_spanned(tokens, what) }
}

fn is_reserved(key: &str) -> bool {
    key == "type" || key == "ref" || key.starts_with('$')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(wire_type: &str, item: &str) -> Vec<String> {
        let item: ItemStruct = syn::parse_str(item).unwrap();
        let wire_type = LitStr::new(wire_type, proc_macro2::Span::call_site());
        find(&item, Some(&wire_type)).into_iter().map(|reserved| reserved.name).collect()
    }

    fn is_reserved(item: &str) {
        assert!(matches!(&names("m", item)[..], [one] if one.starts_with("the key")), "{item}");
    }

    fn is_free(item: &str) {
        assert_eq!(names("m", item), [""; 0], "{item}");
    }

    #[test]
    fn reserved_types_are_found() {
        for wire_type in ["error", "success", "$auth", "$"] {
            assert_eq!(names(wire_type, "struct M;"), [format!("the type {wire_type:?}")]);
        }
        for wire_type in ["errors", "m$", "(binary 1) m"] {
            assert_eq!(names(wire_type, "struct M;"), [""; 0]);
        }
    }

    #[test]
    fn the_type_comes_first() {
        assert_eq!(names("error", "struct M { r#ref: u8 }"), ["the type \"error\"", "the key \"ref\""]);
    }

    #[test]
    fn reserved_keys_are_found_wherever_they_come_from() {
        is_reserved("struct M { r#type: u8 }");
        is_reserved("struct M { r#ref: u8 }");
        is_reserved("struct M { #[serde(rename = \"type\")] kind: u8 }");
        is_reserved("struct M { #[serde(rename(serialize = \"kind\", deserialize = \"ref\"))] r#ref: u8 }");
        is_reserved("struct M { #[serde(rename(serialize = \"kind\"))] r#type: u8 }");
        is_reserved("struct M { #[serde(default, alias = \"$room\")] room: u8 }");
        is_reserved("#[serde(rename_all = \"camelCase\")] struct M { type_: u8 }");
        is_reserved("#[serde(rename_all(deserialize = \"UPPERCASE\"))] struct M { r#type: u8 }");
        is_reserved("#[serde(tag = \"type\")] struct M { a: u8 }");
    }

    #[test]
    fn other_keys_are_free() {
        is_free("struct M { kind: u8, reference: u8, r#move: u8 }");
        is_free("struct M { #[serde(rename = \"kind\")] r#type: u8 }");
        is_free("struct M { #[serde(skip)] r#type: u8 }");
        is_free("struct M { #[serde(skip_serializing_if = \"Option::is_none\", default)] a: Option<u8> }");
        is_free("#[serde(rename_all = \"UPPERCASE\")] struct M { r#type: u8 }");
        is_free("#[serde(tag = \"kind\")] struct M { a: u8 }");
        is_free("struct M { #[serde(flatten)] rest: HashMap<String, Value> }");
        is_free("struct M;");
    }

    #[test]
    fn foreign_permits_them_and_nothing_else() {
        let item = syn::parse_quote!(
            struct Failed;
        );
        let error = LitStr::new("error", proc_macro2::Span::call_site());
        let foreign: Ident = syn::parse_quote!(foreign);
        let checked = |foreign, wire_type| {
            let mut errors = Errors::default();
            (check(&item, foreign, find(&item, wire_type), &mut errors), errors.messages().len())
        };
        let found = Foreign { first: "`Failed` has the type \"error\"".into(), type_key: String::new() };
        assert_eq!(checked(Some(&foreign), Some(&error)), (Some(found), 0));
        assert_eq!(checked(None, Some(&error)), (None, 1));
        assert_eq!(checked(Some(&foreign), None), (None, 1));
        assert_eq!(checked(None, None), (None, 0));
    }
}
