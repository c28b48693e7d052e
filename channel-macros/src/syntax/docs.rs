//! The text of doc comments.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The text as rustdoc reads it. Docs that a macro makes are left out.
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
            // `lines()` would lose an empty line between two paragraphs.
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
