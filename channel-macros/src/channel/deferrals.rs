//! Handlers that take over their answer by `socket.defer()`: what they return says nothing of it. They are found by the tokens of
//! their bodies, which are not parsed.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::{Ident, Type};

use crate::impl_block::{ImplBlock, Method};
use crate::spans::{first_type, last_segment};

/// The methods of a block that call `defer`, or one another that does.
#[derive(Default)]
pub struct Deferrals(Vec<String>);

impl Deferrals {
    pub fn of(block: &mut ImplBlock) -> Self {
        let calls =
            |method: &mut Method| (method.sig.ident.unraw().to_string(), called(&method.body.to_token_stream()));
        let mut others: Vec<(String, Vec<String>)> = block.methods_mut().map(calls).collect();
        let mut found = vec!["defer".to_owned()];
        loop {
            let before = found.len();
            others.retain(|(name, calls)| {
                let defers = calls.iter().any(|call| found.contains(call));
                if defers {
                    found.push(name.clone());
                }
                !defers
            });
            if found.len() == before {
                return Self(found);
            }
        }
    }

    /// Whether a handler defers its answer, and its type does not say so.
    pub fn hide(&self, handler: &Ident, returns: Option<&Type>) -> bool {
        let name = handler.unraw().to_string();
        self.0.contains(&name) && !returns.is_some_and(is_deferred)
    }
}

/// Whether it is a `Deferred`, or may be one.
fn is_deferred(ty: &Type) -> bool {
    let Some(segment) = last_segment(ty) else { return false };
    segment.ident == "Deferred"
        || ((segment.ident == "Option" || segment.ident == "Result") && first_type(segment).is_some_and(is_deferred))
}

/// What is called by a name behind a dot or a path's colons.
fn called(tokens: &TokenStream) -> Vec<String> {
    let mut calls = Vec::new();
    let mut before = [None, None];
    for token in tokens.clone() {
        if let TokenTree::Group(group) = &token {
            calls.extend(called(&group.stream()));
            if let ([Some(TokenTree::Punct(punct)), Some(TokenTree::Ident(name))], Delimiter::Parenthesis) =
                (&before, group.delimiter())
                && matches!(punct.as_char(), '.' | ':')
            {
                calls.push(name.unraw().to_string());
            }
        }
        let [_, last] = before;
        before = [last, Some(token)];
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deferrals(block: &str) -> Deferrals {
        Deferrals::of(&mut syn::parse_str(block).unwrap())
    }

    #[test]
    fn a_handler_that_defers_is_found_and_one_that_says_so_is_not() {
        let found = deferrals(
            "impl A {
                fn direct(&self, socket: &Socket<Self>) { let answer = socket.defer(); spawn(async move { answer.send(1) }); }
                fn by_another(&self, socket: &Socket<Self>) { if true { self.another(socket) } }
                fn another(&self, socket: &Socket<Self>) { Self::third(socket) }
                fn third(socket: &Socket<Self>) { keep(Socket::defer(socket)); }
                fn not(&self) { let defer = (1); self.deferred(); half. }
            }",
        );
        let hides = |name: &str, returns: Option<&str>| {
            let returns = returns.map(|ty| syn::parse_str(ty).unwrap());
            found.hide(&syn::parse_str(name).unwrap(), returns.as_ref())
        };
        for name in ["direct", "by_another", "another", "third"] {
            assert!(hides(name, None) && hides(name, Some("Option<Answered>")), "{name}");
            assert!(!hides(name, Some("channel_runtime::Deferred<Answered>")), "{name}");
            assert!(!hides(name, Some("Result<Option<Deferred<Answered>>, Fault>")), "{name}");
        }
        assert!(!hides("not", None));
    }
}
