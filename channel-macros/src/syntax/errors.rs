//! The errors of one item, all reported at once: what is wrong, and on the next line what to write.

use std::fmt::Display;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

#[derive(Default)]
pub struct Errors {
    found: Vec<syn::Error>,
}

impl Errors {
    pub fn at(&mut self, tokens: impl ToTokens, what: impl Display, remedy: impl Display) {
        self.found.push(syn::Error::new_spanned(tokens, format!("{what}\n{remedy}")));
    }

    pub fn at_span(&mut self, span: Span, what: impl Display, remedy: impl Display) {
        self.found.push(syn::Error::new(span, format!("{what}\n{remedy}")));
    }

    pub fn push(&mut self, error: syn::Error) {
        self.found.push(error);
    }

    pub fn take<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    pub fn len(&self) -> usize {
        self.found.len()
    }

    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub fn into_tokens(self) -> Option<TokenStream> {
        let tokens: TokenStream = self.found.iter().map(syn::Error::to_compile_error).collect();
        (!tokens.is_empty()).then_some(tokens)
    }

    #[cfg(test)]
    pub fn messages(&self) -> Vec<String> {
        self.found.iter().flat_map(|error| error.clone().into_iter().map(|error| error.to_string())).collect()
    }
}
