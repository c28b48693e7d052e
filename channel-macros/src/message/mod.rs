//! `#[message(type = "move")]` or `#[message(binary, kind = 1)]` on a struct, which is emitted whatever is wrong with it.

mod binary;
mod class;
mod codec;
mod derives;
mod expand;
mod fallback;
mod item;
mod model;
mod object_check;
mod parse;
mod reserved;

use proc_macro2::TokenStream;
use quote::quote;

use self::item::NotAStruct;
use crate::syntax::errors::Errors;

pub fn expand_attribute(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let structure = match item::parse(item.clone(), || parse::glance(args.clone()).0, &mut errors) {
        Ok(structure) => structure,
        Err(NotAStruct::Enum(item)) => {
            let (item, fallback) = fallback::enumeration(*item);
            let fallback = parse::glance(args).1.place(fallback);
            let errors = errors.into_tokens();
            return quote!(#errors #item #fallback);
        }
        Err(NotAStruct::Other { is_first_of_unmarked_block }) => {
            let mark = is_first_of_unmarked_block.then(expand::unmarked_block);
            let errors = errors.into_tokens();
            return quote!(#item #mark #errors);
        }
    };
    let message = parse::message(args, structure, &mut errors);
    match (&message.form, errors.into_tokens()) {
        (Some(form), None) => expand::message(&message, form),
        (_, errors) => {
            let (item, fallback) = fallback::message(&message);
            let fallback = message.runtime.place(fallback);
            let has_generics = !message.item.generics.params.is_empty();
            let answer = message.answer.as_ref().filter(|_| !has_generics);
            let question = answer.map(|answer| message.runtime.place(expand::question(&message.item.ident, answer)));
            quote!(#errors #item #fallback #question)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expansion(args: &str, item: &str) -> String {
        expand_attribute(args.parse().unwrap(), item.parse().unwrap()).to_string().replace(' ', "")
    }

    #[test]
    fn a_struct_keeps_its_attributes_and_becomes_a_message() {
        let item = "/** A move. */ #[derive(Clone)] #[serde(deny_unknown_fields)] pub struct Move { pub from: String }";
        let expansion = expansion("type = \"move\"", item);
        assert!(!expansion.contains("compile_error"), "{expansion}");
        for part in
            ["Amove.", "derive(Clone)", "serde(deny_unknown_fields)", "TYPE:&'static::core::primitive::str=\"move\""]
        {
            assert!(expansion.contains(part), "{part} in {expansion}");
        }
    }

    #[test]
    fn the_item_survives_every_error() {
        for args in ["", "type = \"\"", "type = 1", "typ = \"x\"", "type", "\"x\"", "="] {
            let expansion = expansion(args, "pub struct Move { pub from: String }");
            assert!(expansion.contains("compile_error"), "{args}");
            assert!(expansion.contains("pubstructMove{pubfrom:String}"), "{args}");
            assert!(expansion.contains("MessageforMove"), "{args}: others still find a message");
        }
    }

    #[test]
    fn the_user_may_derive_serde() {
        let item = "#[derive(serde::Serialize, serde::Deserialize)] struct Move { from: String }";
        assert!(expansion("type = \"move\"", item).contains("compile_error"));
        let own = expansion("type = \"move\", serde", item);
        assert!(!own.contains("compile_error") && !own.contains("private::serde"), "{own}");
    }

    #[test]
    fn a_serde_crate_of_the_user_s_is_respected() {
        let own = expansion("type = \"m\"", "#[serde(crate = \"my_serde\")] struct M { a: u8 }");
        assert_eq!(own.matches("crate=").count(), 1, "{own}");
    }
}
