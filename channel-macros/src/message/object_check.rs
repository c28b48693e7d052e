//! The rules for a message's struct: it is a JSON object, and its keys are not the framework's.

use syn::ext::IdentExt as _;
use syn::{Field, Fields, ItemStruct, LitStr, Type};

use crate::syntax::errors::Errors;
use crate::syntax::serde_attributes::{Direction, Rules, SerdeArgument, serde_arguments};
use crate::syntax::types::{first_type, last_segment, text, ungroup};

pub fn check(item: &ItemStruct, errors: &mut Errors) {
    let container = serde_arguments(&item.attrs);
    check_container(&container, &item.fields, errors);
    let rules = Rules::of("rename_all", &container);
    for field in &item.fields {
        check_field(field, rules, errors);
    }
    if let Fields::Unnamed(fields) = &item.fields {
        match fields.unnamed.iter().collect::<Vec<_>>()[..] {
            [] => errors.at(fields, "a message is an object, with named fields", "write it without the parentheses"),
            [inner] => check_newtype(&inner.ty, errors),
            [..] => errors.at(
                fields,
                "a message is an object, with named fields",
                "give each of these fields a name: `{ .. }`",
            ),
        }
    }
}

/// A binary message with a codec is no object, and its keys are its own.
pub fn check_binary(item: &ItemStruct, errors: &mut Errors) {
    for argument in serde_arguments(&item.attrs) {
        match argument.name.to_string().as_str() {
            "remote" => refuse_remote(&argument, errors),
            "untagged" => errors.at(
                &argument.name,
                "a message is not `untagged`: it is known by its kind",
                "take `untagged` away",
            ),
            _ => {}
        }
    }
    let is_skipped = |field: &&Field| serde_arguments(&field.attrs).iter().any(|argument| argument.name == "skip");
    item.fields.iter().filter(|field| !is_skipped(field)).for_each(|field| check_owned(field, errors));
}

fn check_newtype(ty: &Type, errors: &mut Errors) {
    let inner = match (last_segment(ty), ungroup(ty)) {
        // Serde writes these as their content.
        (Some(segment), _) if matches!(segment.ident.to_string().as_str(), "Box" | "Rc" | "Arc") => {
            return first_type(segment).into_iter().for_each(|inner| check_newtype(inner, errors));
        }
        (Some(segment), _) => segment.ident.to_string(),
        (None, Type::Tuple(_) | Type::Array(_) | Type::Slice(_)) => text(ty),
        (None, _) => return,
    };
    if is_no_object(&inner) || last_segment(ty).is_none() {
        let remedy = format!("give it a named field: `{{ value: {} }}`", text(ty));
        errors.at(ty, format_args!("a message is an object, and `{}` is written as something else", text(ty)), remedy);
    }
}

fn is_no_object(name: &str) -> bool {
    let is_number = matches!(name.get(..1), Some("u" | "i" | "f")) && name[1..].parse::<u8>().is_ok();
    let is_sequence = matches!(name, "Vec" | "VecDeque" | "HashSet" | "BTreeSet" | "LinkedList" | "BinaryHeap");
    let is_text = matches!(name, "String" | "str" | "char" | "PathBuf");
    is_number || is_sequence || is_text || matches!(name, "usize" | "isize" | "bool" | "Option")
}

fn check_container(container: &[SerdeArgument], fields: &Fields, errors: &mut Errors) {
    for argument in container {
        match argument.name.to_string().as_str() {
            "tag" => {
                if let Some(key) = &argument.value {
                    check_key(&key.value(), key, errors);
                }
            }
            "remote" => refuse_remote(argument, errors),
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

fn refuse_remote(argument: &SerdeArgument, errors: &mut Errors) {
    errors.at(
        &argument.name,
        "a message is read and written by its own struct, not for a `remote` one",
        "take `remote` away, and make the other type a field",
    );
}

fn check_owned(field: &Field, errors: &mut Errors) {
    if let Type::Reference(reference) = ungroup(&field.ty) {
        let inner = text(&reference.elem);
        let owned = match &*reference.elem {
            Type::Slice(slice) => format!("Vec<{}>", text(&slice.elem)),
            _ if inner == "str" => "String".into(),
            _ => inner,
        };
        errors.at(
            &field.ty,
            "a message owns its data, for it is sent to many and outlives what it was read from",
            format_args!("write `{owned}`"),
        );
    }
}

fn check_field(field: &Field, rules: Rules, errors: &mut Errors) {
    let arguments = serde_arguments(&field.attrs);
    let has = |name: &str| arguments.iter().any(|argument| argument.name == name);
    if has("skip") {
        return;
    }
    check_owned(field, errors);
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
    let written = (!renamed.0 && !has("skip_serializing")).then(|| rules.serialize.of_field(&plain));
    let read = (!renamed.1 && !has("skip_deserializing")).then(|| rules.deserialize.of_field(&plain));
    if let Some(key) = written.into_iter().chain(read).find(|key| is_reserved(key)) {
        let remedy = format!(
            "name it otherwise, say `{key}_` or `kind`, with `#[serde(rename = \"..\")]` for the key on the wire"
        );
        errors.at(name, format_args!("the key `{key}` of a message is the framework's"), remedy);
    }
}

/// Fields whose key is not their name when read, with the key.
pub fn renamed(item: &ItemStruct) -> Vec<(String, String)> {
    let rules = Rules::of("rename_all", &serde_arguments(&item.attrs));
    let pairs = item.fields.iter().filter_map(|field| {
        let name = field.ident.as_ref()?.unraw().to_string();
        let arguments = serde_arguments(&field.attrs);
        let own = arguments.iter().find(|it| it.name == "rename" && it.direction != Direction::Serialize);
        let own = own.and_then(|argument| argument.value.as_ref()).map(LitStr::value);
        let key = own.unwrap_or_else(|| rules.deserialize.of_field(&name));
        (key != name).then_some((name, key))
    });
    pairs.collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn flaws(item: &str) -> Vec<String> {
        let item: ItemStruct = syn::parse_str(item).unwrap();
        let mut errors = Errors::default();
        check(&item, &mut errors);
        errors.messages().into_iter().map(|message| message.lines().next().unwrap().into()).collect()
    }

    fn is_refused(item: &str) {
        assert!(matches!(&flaws(item)[..], [one] if one.ends_with("is the framework's")), "{item}");
    }

    fn is_fine(item: &str) {
        assert_eq!(flaws(item), [""; 0], "{item}");
    }

    #[test]
    fn reserved_keys_are_refused_wherever_they_come_from() {
        is_refused("struct M { r#type: u8 }");
        is_refused("struct M { r#ref: u8 }");
        is_refused("struct M { #[serde(rename = \"type\")] kind: u8 }");
        is_refused("struct M { #[serde(rename(serialize = \"kind\", deserialize = \"ref\"))] r#ref: u8 }");
        is_refused("struct M { #[serde(rename(serialize = \"kind\"))] r#type: u8 }");
        is_refused("struct M { #[serde(default, alias = \"$room\")] room: u8 }");
        is_refused("#[serde(rename_all = \"camelCase\")] struct M { type_: u8 }");
        is_refused("#[serde(rename_all(deserialize = \"UPPERCASE\"))] struct M { r#type: u8 }");
        is_refused("#[serde(tag = \"type\")] struct M { a: u8 }");
    }

    #[test]
    fn other_keys_are_fine() {
        is_fine("struct M { kind: u8, reference: u8, r#move: u8 }");
        is_fine("struct M { #[serde(rename = \"kind\")] r#type: u8 }");
        is_fine("struct M { #[serde(skip)] r#type: u8 }");
        is_fine("struct M { #[serde(skip_serializing_if = \"Option::is_none\", default)] a: Option<u8> }");
        is_fine("#[serde(rename_all = \"UPPERCASE\")] struct M { r#type: u8 }");
        is_fine("#[serde(tag = \"kind\")] struct M { a: u8 }");
        is_fine("struct M { #[serde(flatten)] rest: HashMap<String, Value> }");
        is_fine("struct M;");
    }

    #[test]
    fn a_message_is_an_object() {
        for inner in ["Inner", "HashMap<String, u8>", "Box<Inner>"] {
            is_fine(&format!("struct M({inner});"));
        }
        for inner in ["String", "std::vec::Vec<u8>", "(u8, u8)", "[u8; 4]", "Box<Option<Inner>>", "()", "u8, u8", ""] {
            assert_eq!(flaws(&format!("struct M({inner});")).len(), 1, "{inner}");
        }
    }

    #[test]
    fn a_message_owns_its_data() {
        assert_eq!(flaws("struct M { a: &'static str, b: &'a [u8], #[serde(skip)] c: &'static str }").len(), 2);
    }

    #[test]
    fn a_binary_message_owns_what_is_read() {
        let item = syn::parse_quote!(
            struct M {
                a: &'static str,
                #[serde(skip)]
                b: &'static str,
            }
        );
        let mut errors = Errors::default();
        check_binary(&item, &mut errors);
        assert_eq!(errors.messages().len(), 1);
    }

    #[test]
    fn serde_s_other_representations_are_refused() {
        assert_eq!(flaws("#[serde(untagged)] struct M { a: u8 }").len(), 1);
        assert_eq!(flaws("#[serde(transparent)] struct M { a: Inner }").len(), 1);
        is_fine("#[serde(transparent)] struct M(Inner);");
    }
}
