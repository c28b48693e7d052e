//! `#[derive(Fault)]`: an error type whose variants are faults with a code, a message and details.
//!
//! `parse` reads the type into `model` and makes all errors, `message` reads the placeholders, and `expand` writes the code.

mod code;
mod expand;
mod fields;
mod message;
mod model;
mod parse;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::syntax::errors::Errors;

pub fn expand_derive(item: TokenStream) -> TokenStream {
    let item: DeriveInput = match syn::parse2(item) {
        Ok(item) => item,
        Err(error) => return error.into_compile_error(),
    };
    let mut errors = Errors::default();
    let error_type = parse::parse(&item, &mut errors);
    match errors.into_tokens() {
        None => error_type.runtime.place(expand::expand(&error_type)),
        Some(errors) => {
            let fallback = error_type.runtime.place(expand::fallback(&error_type));
            quote!(#errors #fallback)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expansion(item: &str) -> String {
        expand_derive(item.parse().unwrap()).to_string().replace(' ', "")
    }

    #[test]
    fn a_field_is_bound_if_the_message_or_the_details_have_it() {
        let item = r#"enum E { #[fault("e.a", "{b:>1$} {{c}}")] A(#[fault(skip)] u8, #[fault(skip)] usize, #[fault(skip)] u8) }"#;
        // The message has the first by no name, so nothing is used but the width.
        assert!(expansion(&item.replace("{b:", "{0:")).contains("E::A{0:ref__0,1:ref__1,..}"), "{}", expansion(item));
        let plain = expansion(r#"enum E { #[fault("e.a", "over")] A { #[fault(skip)] b: u8 } }"#);
        assert!(plain.contains("E::A{..}=>"), "{plain}");
    }

    #[test]
    fn after_an_error_the_type_still_becomes_a_fault() {
        for item in [
            "enum E { A }",
            "enum E { #[fault(\"full\", \"full\")] A }",
            "struct E;",
            "union E { a: u8 }",
            "#[fault(7)] struct E;",
            "#[fault] enum E { #[fault = 7] A }",
            "enum E<T> { #[fault(transparent)] A(T) }",
        ] {
            let expansion = expansion(item);
            assert!(expansion.contains("compile_error"), "{item}: {expansion}");
            assert!(
                expansion.contains("From<E") && expansion.contains("for::channel_runtime::Fault"),
                "{item}: {expansion}"
            );
        }
    }
}
