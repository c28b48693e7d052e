//! The error for each wrong call, and the tokens that replace the call, so that the compiler does not report it again.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens as _, quote};

use super::arguments::{close_code, named_close_code, text, two};
use crate::syntax::errors::Errors;

pub struct Mistakes<'a> {
    pub socket: &'a str,
    pub channel: &'a Ident,
    pub errors: &'a mut Errors,
}

impl Mistakes<'_> {
    pub fn looped(&mut self, read: &mut Vec<TokenTree>, at: usize) {
        let audience: TokenStream = read
            .drain(at..)
            .skip_while(|token| !matches!(token, TokenTree::Ident(word) if word == "in"))
            .skip(1)
            .collect();
        let remedy = format!(
            "write `{audience}.send(message)` to reach each of them, `.len()` for how many there are, and `.members()` for who they are",
            audience = audience.to_string().replace(' ', "")
        );
        self.errors.at(audience, "an audience is no list", remedy);
    }

    pub fn field(&mut self, read: &mut Vec<TokenTree>) {
        let Some(field) = read.pop() else { return };
        read.pop();
        let (socket, name) = (&self.socket, field.to_string());
        let remedy = match name.as_str() {
            "broadcast" => format!("write `{socket}.others().send(message)` to all in the room but this client"),
            "volatile" => format!(
                "write `#[message(type = \"..\", volatile)]` on the message's struct, and `{socket}.others().send(message)` here"
            ),
            "clients" | "rooms" | "nsp" => {
                format!("write `{socket}.room()`, `{socket}.all()`, `{socket}.user(..)` .., each with `.send(message)`")
            }
            "handshake" => {
                "what is made from it is a field of the struct, marked `#[extract]`: read `self.name`".into()
            }
            _ => "what is this connection's own is a field of the struct, marked `#[state]`: read `self.name`".into(),
        };
        self.errors.at(field, format_args!("a socket has no field `{name}`"), remedy);
    }

    pub fn whole(&mut self, read: &[TokenTree], who: &str, arguments: TokenStream) -> TokenStream {
        if arguments.is_empty() {
            return arguments;
        }
        let (Self { socket, channel, errors }, Some(method)) = (self, read.last()) else { return arguments };
        let what = format!("`{socket}.{method}()` is {who}, and takes no argument");
        let remedy = format!(
            "send to it by `.send(message)`; another room is `{socket}.room_of(&room)`, with `{channel}::room(..)` or the key of \
             a kind in `rooms(..)`"
        );
        errors.at(arguments, what, remedy);
        TokenStream::new()
    }

    pub fn named(&mut self, read: &[TokenTree], arguments: TokenStream) -> TokenStream {
        let (Some((who, message)), Some(method)) = (two(&arguments), read.last()) else { return arguments };
        let socket = &self.socket;
        let what = format!("`{socket}.{method}(..)` is who receives, and takes nothing else");
        self.errors.at(message, what, format_args!("send to it: `{socket}.{method}(..).send(message)`"));
        who.into_token_stream()
    }

    pub fn send(&mut self, arguments: TokenStream) -> TokenStream {
        let Some((other, message)) = two(&arguments) else { return arguments };
        let socket = &self.socket;
        let what = format!("`{socket}.send(..)` sends one message to this client, and takes nothing else");
        let remedy = format!(
            "others are `{socket}.user(..)`, `{socket}.room()` .., each with `.send(message)`; a message's type stands on its struct"
        );
        self.errors.at(other, what, remedy);
        message.into_token_stream()
    }

    /// `call` is how many tokens the call has. Its replacement has the same type.
    pub fn text(&mut self, read: &mut Vec<TokenTree>, call: usize, arguments: TokenStream) -> TokenStream {
        if let Some(text) = text(&arguments) {
            let what = format!("{text} is no message, and only messages are sent");
            let remedy = "put it into one: `#[message(type = \"line\")] struct Line { text: String }`, listed in `sends(Line)`, is sent by \
                          `.send(Line { text: .. })`; raw text is sent by `.send_text(text)`, and bytes by `.send_bytes(data)`";
            self.errors.at(arguments, what, remedy);
        }
        read.truncate(read.len() + 2 - call);
        read.push(Ident::new("send_fault", proc_macro2::Span::call_site()).into());
        quote!(::core::unreachable!())
    }

    pub fn unwrapped(&mut self, read: &mut Vec<TokenTree>) {
        let Some(method) = read.pop() else { return };
        let name = method.to_string();
        let what = format!("`send` never waits and returns no `Result`, so there is no `{name}`");
        let remedy = "take it away: what was sent is a `Sent`, and `.is_complete()` says whether all get it";
        self.errors.at(&method, what, remedy);
        if name.starts_with("is_") {
            read.extend(quote!(is_complete()));
        } else {
            read.pop();
        }
    }

    pub fn close(&mut self, read: &[TokenTree], arguments: TokenStream) -> TokenStream {
        let Some(code) = close_code(&arguments) else { return arguments };
        let socket = &self.socket;
        let (what, remedy) = match code {
            Some(code) => (format!("a close code is no number, but a `CloseCode`: `{code}`"), named_close_code(&code)),
            None => (
                format!("`{socket}.close(..)` takes a code and a reason"),
                format!("write `{socket}.close(CloseCode::NORMAL, \"bye\")`"),
            ),
        };
        match (arguments.is_empty(), read.last()) {
            (true, Some(method)) => self.errors.at(method, what, remedy),
            _ => self.errors.at(arguments.into_iter().next(), what, remedy),
        }
        quote!(::core::unreachable!(), "")
    }

    /// `socket.room().with(..)` with an async closure, or with one that takes the state alone.
    pub fn with(&mut self, closure: TokenStream) -> TokenStream {
        let tokens: Vec<TokenTree> = closure.clone().into_iter().collect();
        let is_bar = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == '|');
        let is_async = |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Ident(word)) if word == "async");
        let mut bars = tokens.iter().enumerate().filter(|(_, token)| is_bar(token)).map(|(at, _)| at);
        let (Some(first), Some(second)) = (bars.next(), bars.next()) else { return closure };
        let Some(word) = [0, second + 1].into_iter().find(|at| is_async(tokens.get(*at))) else {
            return self.with_both(&tokens, first + 1, second).unwrap_or(closure);
        };
        let remedy = format!(
            "take out of it what is needed, `let copy = {}.room().with(|state, _| ..);`, and await after that",
            self.socket
        );
        self.errors.at(&tokens[word], "a room's state is held for a moment, and never across an `await`", remedy);
        let parameters = &tokens[first..=second];
        quote!(#(#parameters)* async { ::core::unreachable!() })
    }

    pub fn with_both(&mut self, closure: &[TokenTree], start: usize, end: usize) -> Option<TokenStream> {
        let [state @ TokenTree::Ident(_)] = &closure[start..end] else { return None };
        let what = "`with` hands over two: the room's state, and the room to send to";
        self.errors.at(state, what, format_args!("write `|{state}, room|`, or `|{state}, _|`"));
        let (before, behind) = (&closure[..end], &closure[end..]);
        Some(quote!(#(#before)*, _ #(#behind)*))
    }
}
