//! Handlers that take over their answer with `socket.defer()` and whose return type does not show it, found by their tokens.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::{Ident, Type};

use super::socket;
use crate::syntax::impl_block::{ImplBlock, Method};
use crate::syntax::types::{first_type, is_deferred, last_segment};

/// The methods of a block that call `defer` on a socket, also by way of another method.
#[derive(Default)]
pub struct Deferrals(Vec<String>);

impl Deferrals {
    pub fn of(block: &ImplBlock) -> Self {
        let mut others: Vec<Calls> = block.methods().map(Calls::of).collect();
        let mut found = Vec::new();
        loop {
            let before = found.len();
            others.retain(|calls| {
                let defers = calls.defer || calls.own.iter().any(|call| found.contains(call));
                if defers {
                    found.push(calls.name.clone());
                }
                !defers
            });
            if found.len() == before {
                return Self(found);
            }
        }
    }

    pub fn hide(&self, handler: &Ident, returns: Option<&Type>) -> bool {
        let name = handler.unraw().to_string();
        self.0.contains(&name) && !returns.is_some_and(is_deferred)
    }
}

/// A `Deferred` inside a `Deferred`, which would never be answered.
pub fn nested(ty: &Type) -> Option<&Type> {
    let segment = last_segment(ty)?;
    let inner = first_type(segment)?;
    match segment.ident == "Deferred" && is_deferred(inner) {
        true => Some(inner),
        false => nested(inner),
    }
}

struct Calls {
    name: String,
    defer: bool,
    own: Vec<String>,
}

impl Calls {
    fn of(method: &Method) -> Self {
        let name = method.sig.ident.unraw().to_string();
        let mut calls = Self { name, defer: false, own: Vec::new() };
        let socket = socket::argument(method).map(|socket| socket.unraw().to_string());
        calls.read(&method.body.to_token_stream(), socket.as_deref());
        calls
    }

    fn read(&mut self, tokens: &TokenStream, socket: Option<&str>) {
        let mut read: Vec<TokenTree> = Vec::new();
        for token in tokens.clone() {
            if let TokenTree::Group(group) = &token {
                self.read(&group.stream(), socket);
                if group.delimiter() == Delimiter::Parenthesis
                    && let Some((of, method)) = called(&read)
                {
                    match of.as_str() {
                        "Socket" => self.defer |= method == "defer",
                        of if Some(of) == socket => self.defer |= method == "defer",
                        "self" | "Self" => self.own.push(method),
                        _ => {}
                    }
                }
            }
            read.push(token);
        }
    }
}

fn called(read: &[TokenTree]) -> Option<(String, String)> {
    let [before @ .., TokenTree::Punct(punct), TokenTree::Ident(method)] = read else { return None };
    let before = match (punct.as_char(), before) {
        ('.', before) => before,
        (':', [before @ .., TokenTree::Punct(colon)]) if colon.as_char() == ':' => before,
        _ => return None,
    };
    let of = match before {
        // A field is not the socket: `self.socket.defer()`.
        [.., TokenTree::Punct(dot), TokenTree::Ident(_)] if dot.as_char() == '.' => return None,
        [.., TokenTree::Ident(of)] => of,
        [before @ .., TokenTree::Punct(end)] if end.as_char() == '>' => {
            before.iter().rev().find_map(|token| match token {
                TokenTree::Ident(name) if name == "Socket" => Some(name),
                _ => None,
            })?
        }
        _ => return None,
    };
    Some((of.unraw().to_string(), method.unraw().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_deferred_twice_is_found() {
        let nested = |ty: &str| nested(&syn::parse_str(ty).unwrap()).map(crate::syntax::types::text);
        assert_eq!(nested("Deferred<Deferred<Said>>").as_deref(), Some("Deferred<Said>"));
        assert_eq!(
            nested("Result<Deferred<Option<Deferred<Said>>>, Fault>").as_deref(),
            Some("Option<Deferred<Said>>")
        );
        assert_eq!(nested("Option<Deferred<Result<Said, Fault>>>"), None);
    }

    fn deferrals(block: &str) -> Deferrals {
        Deferrals::of(&syn::parse_str(block).unwrap())
    }

    #[test]
    fn a_handler_that_defers_is_found_and_one_that_says_so_is_not() {
        let found = deferrals(
            "impl A {
                fn direct(&self, socket: &Socket<Self>) { let answer = socket.defer(); spawn(async move { answer.send(1) }); }
                fn by_another(&self, socket: &Socket<Self>) { if true { self.another(socket) } }
                fn another(&self, socket: &Socket<Self>) { Self::third(socket) }
                fn third(socket: &Socket<Self>) { keep(Socket::defer(socket)); }
                fn by_type(&self, socket: &Socket<Self>) { keep(Socket::<Self>::defer(socket)); }
                fn by_clone(&self, socket: &Socket<Self>) { let socket = socket.clone(); run(|| socket.defer()); }
                fn not(&self) { let defer = (1); self.deferred(); half. }
                fn jobs(&self, job: Job, socket: &Socket<Self>) { self.jobs.defer(job); self.socket.defer(); }
                fn send(&self, socket: &Socket<Self>) { socket.defer(); }
                fn sends(&self, tx: &Sender, socket: &Socket<Self>) { socket.room().send(1); tx.send(2); tokio::send(3); }
            }",
        );
        let hides = |name: &str, returns: Option<&str>| {
            let returns = returns.map(|ty| syn::parse_str(ty).unwrap());
            found.hide(&syn::parse_str(name).unwrap(), returns.as_ref())
        };
        for name in ["direct", "by_another", "another", "third", "by_type", "by_clone", "send"] {
            assert!(hides(name, None) && hides(name, Some("Option<Answered>")), "{name}");
            assert!(!hides(name, Some("channel_runtime::Deferred<Answered>")), "{name}");
            assert!(!hides(name, Some("Result<Option<Deferred<Answered>>, Fault>")), "{name}");
        }
        for name in ["not", "jobs", "sends"] {
            assert!(!hides(name, None), "{name}");
        }
    }
}
