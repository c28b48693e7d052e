//! The rules for a message's struct: it is a JSON object, and owns its data.

use syn::ext::IdentExt as _;
use syn::{Field, Fields, ItemStruct, LitStr, Type};

use crate::syntax::errors::Errors;
use crate::syntax::serde_attributes::{Direction, Rules, SerdeArgument, serde_arguments};
use crate::syntax::types::{first_type, last_segment, text, ungroup};

pub fn check(item: &ItemStruct, errors: &mut Errors) {
    let container = serde_arguments(&item.attrs);
    check_container(&container, &item.fields, errors);
    item.fields.iter().for_each(|field| check_field(field, errors));
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
    item.fields.iter().for_each(|field| check_field(field, errors));
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

fn check_field(field: &Field, errors: &mut Errors) {
    if !is_skipped(field) {
        check_owned(field, errors);
    }
}

fn is_skipped(field: &Field) -> bool {
    serde_arguments(&field.attrs).iter().any(|argument| argument.name == "skip")
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

/// The key as which a field is written.
pub fn written_key(item: &ItemStruct, field: &syn::Field) -> String {
    let name = field.ident.as_ref().map(|ident| ident.unraw().to_string()).unwrap_or_default();
    let arguments = serde_arguments(&field.attrs);
    let own = arguments.iter().find(|it| it.name == "rename" && it.direction != Direction::Deserialize);
    let own = own.and_then(|argument| argument.value.as_ref()).map(LitStr::value);
    let rules = Rules::of("rename_all", &serde_arguments(&item.attrs));
    own.unwrap_or_else(|| rules.serialize.of_field(&name))
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

    fn is_fine(item: &str) {
        assert_eq!(flaws(item), [""; 0], "{item}");
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
        is_fine("#[serde(tag = \"kind\")] struct M { a: u8 }");
    }
}
