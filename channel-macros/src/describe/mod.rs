//! What travels, told to the compiler as constants: by `#[message]` of its fields, by `#[channel]` of its parts, and by
//! `#[derive(Describe)]` of types in them.
//!
//! The tokens made here stand in a block with [`names`], beside the user's types.

mod attributes;
pub mod content;
mod derive;
pub mod types;

pub use attributes::strip;
pub use derive::expand;
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// What all else here is written with.
pub fn names() -> TokenStream {
    quote!(
        #[allow(unused_imports)]
        use ::channel_runtime::private::shapes::{self as __s, NoAnswer as _, Undescribed as _};
    )
}

/// The text of doc comments, as rustdoc reads it; what a macro makes is left out.
pub fn docs(attrs: &[Attribute]) -> String {
    let lines = attrs.iter().filter_map(|attr| match &attr.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    });
    let lines: Vec<String> = lines
        .flat_map(|text| {
            // `lines()` would lose the empty one between two paragraphs.
            text.split('\n')
                .map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned())
                .collect::<Vec<_>>()
        })
        .collect();
    lines.join("\n").trim().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn docs_of(item: &str) -> String {
        docs(&syn::parse_str::<syn::ItemStruct>(item).unwrap().attrs)
    }

    #[test]
    fn docs_are_the_text_that_the_user_wrote() {
        assert_eq!(docs_of("/// One.\n///\n///  - two\nstruct A;"), "One.\n\n - two");
        assert_eq!(docs_of("/** One.\n\n Two. */ #[doc(hidden)] struct A;"), "One.\n\nTwo.");
        assert_eq!(docs_of("#[doc = include_str!(\"x.md\")] struct A;"), "");
    }
}
