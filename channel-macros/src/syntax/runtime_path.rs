//! The path of the runtime in an expansion: `::channel_runtime`, or `crate = ..` for a renamed or re-exported one.

use proc_macro2::{Group, Ident, Literal, Span, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::parse::ParseStream;
use syn::{Path, Token};

const NAME: &str = "channel_runtime";

#[derive(Default)]
pub struct Runtime(pub Option<Path>);

pub fn value(input: ParseStream) -> syn::Result<Path> {
    let path = (|| {
        input.parse::<Token![=]>()?;
        input.call(Path::parse_mod_style)
    })();
    path.map_err(|error| {
        let text =
            "`crate` is where the macros find channel-runtime\nwrite a path: `crate = my_crate::channel_runtime`";
        syn::Error::new(error.span(), text)
    })
}

impl Runtime {
    pub fn is_dollar_crate(&self) -> bool {
        self.0.as_ref().is_some_and(|path| path.segments.first().is_some_and(|first| is_dollar_crate(&first.ident)))
    }

    pub fn place(&self, expansion: TokenStream) -> TokenStream {
        match &self.0 {
            None => expansion,
            Some(path) => replace(expansion, &path.to_token_stream()),
        }
    }
}

fn replace(tokens: TokenStream, path: &TokenStream) -> TokenStream {
    let mut replaced: Vec<TokenTree> = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), replace(group.stream(), path));
                inner.set_span(group.span());
                replaced.push(inner.into());
            }
            TokenTree::Ident(name) if name == NAME && ends_with_colons(&replaced) => {
                replaced.truncate(replaced.len() - 2);
                // Errors are shown where the generated path would be.
                replaced.extend(path.clone().into_iter().map(|token| placed(token, name.span())));
            }
            TokenTree::Literal(literal) => replaced.push(in_text(literal, path).into()),
            other => replaced.push(other),
        }
    }
    replaced.into_iter().collect()
}

/// For links in docs, and serde's `crate = ".."`.
fn in_text(literal: Literal, path: &TokenStream) -> Literal {
    let text = literal.to_string();
    let own = format!("::{NAME}::");
    if !text.contains(&own) {
        return literal;
    }
    let path = format!("{}::", path.to_string().replace(' ', ""));
    let mut replaced = text.replace(&own, &path).parse().unwrap_or_else(|_| literal.clone());
    replaced.set_span(literal.span());
    replaced
}

fn ends_with_colons(tokens: &[TokenTree]) -> bool {
    let is_colon = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':');
    matches!(tokens, [.., first, second] if is_colon(first) && is_colon(second))
}

/// `$crate` is resolved only at its own span; other tokens at the call site, where no lint takes them for the user's.
fn placed(mut token: TokenTree, place: Span) -> TokenTree {
    let found = match &token {
        TokenTree::Ident(name) if is_dollar_crate(name) => name.span(),
        _ => Span::call_site(),
    };
    token.set_span(found.located_at(place));
    token
}

fn is_dollar_crate(name: &Ident) -> bool {
    name == "$crate"
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn paths_into_the_runtime_are_replaced_and_nothing_else() {
        let expansion = quote! {
            #[serde(crate = "::channel_runtime::private::serde")]
            impl<T> ::channel_runtime::Message for channel_runtime::Mine<{ ::channel_runtime::SIZE }> { x: channel_runtime }
        };
        assert_eq!(Runtime(None).place(expansion.clone()).to_string(), expansion.to_string());
        let placed = Runtime(Some(syn::parse_quote!(crate::rt))).place(expansion);
        let expected = quote! {
            #[serde(crate = "crate::rt::private::serde")]
            impl<T> crate::rt::Message for channel_runtime::Mine<{ crate::rt::SIZE }> { x: channel_runtime }
        };
        assert_eq!(placed.to_string(), expected.to_string());
    }
}
