//! Wrong calls in a method's body, if the compiler's own error would mislead. They are found by tokens: a body may be incomplete.

mod arguments;
mod calls;
mod mistakes;

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::ToTokens as _;

use self::arguments::text;
use self::calls::{Call, Socket};
use self::mistakes::Mistakes;
use super::bindings::{may_bind, without_clone};
use super::socket;
use crate::syntax::errors::Errors;
use crate::syntax::impl_block::Method;

pub fn check(method: &mut Method, channel: &Ident, errors: &mut Errors) {
    let Some(name) = socket::argument(method) else { return };
    let socket = Socket { name: name.to_string() };
    let body = method.body.to_token_stream();
    let before = errors.len();
    if !socket.has_any(&body) || may_bind(&socket.name, &without_clone(&socket.name, body.clone())) {
        return;
    }
    let mistakes = Mistakes { socket: &socket.name, channel, errors };
    let kept = Rewriter { socket: &socket, mistakes }.kept(body);
    if errors.len() > before {
        method.body = kept.into_iter().next().expect("a body is one group");
        // What only such a call used is unused now.
        method.attrs.push(syn::parse_quote!(#[allow(unused)]));
    }
}

struct Rewriter<'a> {
    socket: &'a Socket,
    mistakes: Mistakes<'a>,
}

impl Rewriter<'_> {
    fn kept(&mut self, tokens: TokenStream) -> TokenStream {
        let mut read: Vec<TokenTree> = Vec::new();
        for token in tokens {
            if self.socket.is_field(&read, Some(&token)) {
                self.mistakes.field(&mut read);
            }
            let token = match token {
                TokenTree::Group(group) if matches!(self.socket.call(&read, &group), Some(Call::Unwrap)) => {
                    self.mistakes.unwrapped(&mut read);
                    continue;
                }
                TokenTree::Group(group) if let Some(at) = self.socket.is_loop(&read, &group) => {
                    self.mistakes.looped(&mut read, at);
                    Group::new(Delimiter::Brace, TokenStream::new()).into()
                }
                TokenTree::Group(group) => {
                    let inner = self.kept(group.stream());
                    let inner = match self.socket.call(&read, &group) {
                        Some(Call::Whole(who)) => self.mistakes.whole(&read, who, inner),
                        Some(Call::Named) => self.mistakes.named(&read, inner),
                        Some(Call::SendTo) if text(&inner).is_some() => self.mistakes.text(&mut read, 6, inner),
                        Some(Call::Send) if text(&inner).is_some() => self.mistakes.text(&mut read, 3, inner),
                        Some(Call::Send) => self.mistakes.send(inner),
                        Some(Call::Close) => self.mistakes.close(&read, inner),
                        Some(Call::With) => self.mistakes.with(inner),
                        Some(Call::SendTo | Call::Unwrap) | None => inner,
                    };
                    let mut kept = Group::new(group.delimiter(), inner);
                    kept.set_span(group.span());
                    kept.into()
                }
                other => other,
            };
            read.push(token);
        }
        read.into_iter().collect()
    }
}

#[cfg(test)]
mod tests;
