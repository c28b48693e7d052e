//! Calls in a method's body that the compiler would explain in words of its own, which lead elsewhere. Bodies are not parsed, and may
//! be half typed: these are found by their tokens.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::{Expr, FnArg, LitInt, Pat, Token, Type};

use super::bindings::{may_bind, without_clone};
use crate::syntax::errors::Errors;
use crate::syntax::impl_block::Method;
use crate::syntax::types;

/// Tells of such calls, and takes them out of the body, so that the compiler tells of them no more.
pub fn check(method: &mut Method, channel: &Ident, errors: &mut Errors) {
    let Some(socket) = socket(method) else { return };
    let body = method.body.to_token_stream();
    let before = errors.len();
    let mut calls = Calls { socket: socket.to_string(), channel, errors };
    if !calls.has_any(&body) || may_bind(&calls.socket, &without_clone(&calls.socket, body.clone())) {
        return;
    }
    let kept = calls.kept(body);
    if errors.len() > before {
        method.body = kept.into_iter().next().expect("a body is one group");
        // What stood in such a call is not used any more.
        method.attrs.push(syn::parse_quote!(#[allow(unused)]));
    }
}

/// The method's `&Socket<Self>`.
pub fn socket(method: &Method) -> Option<Ident> {
    method.sig.inputs.iter().find_map(|argument| {
        let FnArg::Typed(argument) = argument else { return None };
        let (Pat::Ident(pattern), Type::Reference(ty)) = (&*argument.pat, &*argument.ty) else { return None };
        let is_socket = types::last_segment(&ty.elem)?.ident == "Socket";
        is_socket.then(|| pattern.ident.clone())
    })
}

struct Calls<'a> {
    socket: String,
    channel: &'a Ident,
    errors: &'a mut Errors,
}

/// Which call a pair of parentheses belongs to.
enum Call {
    /// `socket.room(..)`, and who that is.
    Whole(&'static str),
    /// `socket.user(..)`: who receives is one argument.
    Named,
    /// `socket.send(..)`
    Send,
    /// `socket.room().send(..)`
    SendTo,
    /// `socket.close(..)`
    Close,
    /// `socket.send(..).unwrap()`
    Unwrap,
    /// `socket.room().with(..)`
    With,
}

impl Calls<'_> {
    /// Whether there is any that may be wrong.
    fn has_any(&self, tokens: &TokenStream) -> bool {
        let mut read = Vec::new();
        tokens.clone().into_iter().any(|token| {
            let is_call = match &token {
                TokenTree::Group(group) => {
                    let is_suspect = || match self.call(&read, group) {
                        Some(Call::Whole(_)) => !group.stream().is_empty(),
                        Some(Call::Named) => has_comma(&group.stream()),
                        Some(Call::Send) => has_comma(&group.stream()) || text(&group.stream()).is_some(),
                        Some(Call::SendTo) => text(&group.stream()).is_some(),
                        Some(Call::Close) => close_code(&group.stream()).is_some(),
                        Some(Call::With | Call::Unwrap) => true,
                        None => false,
                    };
                    is_suspect()
                        || self.is_field(&read, Some(&token))
                        || self.is_loop(&read, group).is_some()
                        || self.has_any(&group.stream())
                }
                _ => self.is_field(&read, Some(&token)),
            };
            read.push(token);
            is_call
        })
    }

    /// Whether these end with a field that a socket has in another framework, `socket.broadcast`; what follows is no call of it.
    fn is_field(&self, read: &[TokenTree], next: Option<&TokenTree>) -> bool {
        const FIELDS: [&str; 8] = ["broadcast", "clients", "volatile", "data", "assigns", "rooms", "nsp", "handshake"];
        let is_call = match next {
            Some(TokenTree::Group(group)) => group.delimiter() == Delimiter::Parenthesis,
            Some(TokenTree::Punct(punct)) => punct.as_char() == ':',
            _ => false,
        };
        !is_call && FIELDS.iter().any(|field| ends_with(read, &[&self.socket, ".", field]))
    }

    /// Where the `for` of `for member in socket.room()` stands, if this is what it runs.
    fn is_loop(&self, read: &[TokenTree], group: &Group) -> Option<usize> {
        let over = |who: &&str| ends_with(read, &["in", &self.socket, ".", who, "()"]);
        let is_loop = group.delimiter() == Delimiter::Brace && ["room", "others", "all"].iter().any(over);
        is_loop.then(|| read.iter().rposition(|token| matches!(token, TokenTree::Ident(word) if word == "for")))?
    }

    /// Tells of such a loop, and takes it away.
    fn looped(&mut self, read: &mut Vec<TokenTree>, at: usize) {
        let audience: TokenStream = read
            .drain(at..)
            .skip_while(|token| !matches!(token, TokenTree::Ident(word) if word == "in"))
            .skip(1)
            .collect();
        let remedy = format!(
            "write `{audience}.send(message)` to reach each of them, and `.len()` for how many there are; who is in a room is kept by the app, \
             in its `room_state`",
            audience = audience.to_string().replace(' ', "")
        );
        self.errors.at(audience, "an audience is sent to and counted, and not listed", remedy);
    }

    /// Tells of such a field, and takes it away.
    fn field(&mut self, read: &mut Vec<TokenTree>) {
        let Some(field) = read.pop() else { return };
        read.pop();
        let (socket, name) = (&self.socket, field.to_string());
        let remedy = match name.as_str() {
            "broadcast" | "volatile" => {
                format!("write `{socket}.others().send(message)` to all in the room but this client")
            }
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

    /// What is called with this group, which comes after these tokens.
    fn call(&self, read: &[TokenTree], group: &Group) -> Option<Call> {
        let (socket, Some(TokenTree::Ident(method))) = (self.socket.as_str(), read.last()) else { return None };
        if group.delimiter() != Delimiter::Parenthesis {
            return None;
        }
        let (method, call) = match method.to_string().as_str() {
            "room" => ("room", Call::Whole("the room of the channel's own path")),
            "others" => ("others", Call::Whole("everybody else in the room of the channel's own path")),
            "all" => ("all", Call::Whole("everybody on the channel")),
            "room_of" => ("room_of", Call::Named),
            "user" => ("user", Call::Named),
            "send"
                if ["room", "others", "all"]
                    .iter()
                    .any(|who| ends_with(read, &[socket, ".", who, "()", ".", "send"])) =>
            {
                return Some(Call::SendTo);
            }
            "send" => ("send", Call::Send),
            "close" => ("close", Call::Close),
            "unwrap" | "expect" | "ok" | "is_ok" | "is_err" => return self.is_sent(read).then_some(Call::Unwrap),
            "with" => return ends_with(read, &[socket, ".", "room", "()", ".", "with"]).then_some(Call::With),
            _ => return None,
        };
        ends_with(read, &[socket, ".", method]).then_some(call)
    }

    /// Whether these are `socket.send(..).method`, or the same of an audience.
    fn is_sent(&self, read: &[TokenTree]) -> bool {
        let [before @ .., TokenTree::Ident(send), TokenTree::Group(_), TokenTree::Punct(_), TokenTree::Ident(_)] = read
        else {
            return false;
        };
        let socket = self.socket.as_str();
        send == "send"
            && (ends_with(before, &[socket, "."])
                || ["room", "others", "all"].iter().any(|who| ends_with(before, &[socket, ".", who, "()", "."])))
    }

    /// The same tokens, with the calls as the compiler may see them.
    fn kept(&mut self, tokens: TokenStream) -> TokenStream {
        let mut read: Vec<TokenTree> = Vec::new();
        for token in tokens {
            if self.is_field(&read, Some(&token)) {
                self.field(&mut read);
            }
            let token = match token {
                TokenTree::Group(group) if matches!(self.call(&read, &group), Some(Call::Unwrap)) => {
                    self.unwrapped(&mut read);
                    continue;
                }
                TokenTree::Group(group) if self.is_loop(&read, &group).is_some() => {
                    let at = self.is_loop(&read, &group).unwrap_or_default();
                    self.looped(&mut read, at);
                    Group::new(Delimiter::Brace, TokenStream::new()).into()
                }
                TokenTree::Group(group) => {
                    let inner = self.kept(group.stream());
                    let inner = match self.call(&read, &group) {
                        Some(Call::Whole(who)) => self.whole(&read, who, inner),
                        Some(Call::Named) => self.named(&read, inner),
                        Some(Call::SendTo) if text(&inner).is_some() => self.text(&mut read, 6, inner),
                        Some(Call::Send) if text(&inner).is_some() => self.text(&mut read, 3, inner),
                        Some(Call::Send) => self.send(inner),
                        Some(Call::Close) => self.close(&read, inner),
                        Some(Call::With) => self.with(inner),
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

    /// `socket.room(..)` with an argument.
    fn whole(&mut self, read: &[TokenTree], who: &str, arguments: TokenStream) -> TokenStream {
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

    /// `socket.user(..)` with a message as well.
    fn named(&mut self, read: &[TokenTree], arguments: TokenStream) -> TokenStream {
        let (Some((who, message)), Some(method)) = (two(&arguments), read.last()) else { return arguments };
        let socket = &self.socket;
        let what = format!("`{socket}.{method}(..)` is who receives, and takes nothing else");
        self.errors.at(message, what, format_args!("send to it: `{socket}.{method}(..).send(message)`"));
        who.into_token_stream()
    }

    /// `socket.send(..)` with somebody, or a type, as well.
    fn send(&mut self, arguments: TokenStream) -> TokenStream {
        let Some((other, message)) = two(&arguments) else { return arguments };
        let socket = &self.socket;
        let what = format!("`{socket}.send(..)` sends one message to this client, and takes nothing else");
        let remedy = format!(
            "others are `{socket}.user(..)`, `{socket}.room()` .., each with `.send(message)`; a message's type stands on its struct"
        );
        self.errors.at(other, what, remedy);
        message.into_token_stream()
    }

    /// `.send(..)` with text, behind so many tokens from the socket on; what takes its place has the same type.
    fn text(&mut self, read: &mut Vec<TokenTree>, call: usize, arguments: TokenStream) -> TokenStream {
        if let Some(text) = text(&arguments) {
            let what = format!("{text} is no message, and only messages are sent");
            let remedy = "put it into one: `#[message(type = \"line\")] struct Line { text: String }`, listed in `sends(Line)`, is sent by \
                          `.send(Line { text: .. })`; bytes are sent by `.send_bytes(data)`";
            self.errors.at(arguments, what, remedy);
        }
        read.truncate(read.len() + 2 - call);
        read.push(Ident::new("send_fault", proc_macro2::Span::call_site()).into());
        quote!(::core::unreachable!())
    }

    /// `socket.send(..).unwrap()`, or what else a `Result` has.
    fn unwrapped(&mut self, read: &mut Vec<TokenTree>) {
        let Some(method) = read.pop() else { return };
        let name = method.to_string();
        let what = format!("`send` never waits and returns no `Result`, so there is no `{name}`");
        let remedy = "take it away: what was sent is a `Sent`, and `.is_complete()` says whether all get it";
        self.errors.at(&method, what, remedy);
        if name.starts_with("is_") {
            read.extend(quote!(is_complete()));
        } else {
            // The dot.
            read.pop();
        }
    }

    /// `socket.close(..)` with a number, or without a reason.
    fn close(&mut self, read: &[TokenTree], arguments: TokenStream) -> TokenStream {
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

    /// `socket.room().with(..)` with a closure that makes a future, or takes the state alone.
    fn with(&mut self, closure: TokenStream) -> TokenStream {
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

    /// The same closure with both arguments, where it has but one.
    fn with_both(&mut self, closure: &[TokenTree], start: usize, end: usize) -> Option<TokenStream> {
        let [state @ TokenTree::Ident(_)] = &closure[start..end] else { return None };
        let what = "`with` hands over two: the room's state, and the room to send to";
        self.errors.at(state, what, format_args!("write `|{state}, room|`, or `|{state}, _|`"));
        let (before, behind) = (&closure[..end], &closure[end..]);
        Some(quote!(#(#before)*, _ #(#behind)*))
    }
}

/// The two arguments of a call.
fn two(arguments: &TokenStream) -> Option<(Expr, Expr)> {
    if !has_comma(arguments) {
        return None;
    }
    let parser = Punctuated::<Expr, Token![,]>::parse_terminated;
    let mut arguments = parser.parse2(arguments.clone()).ok()?.into_iter();
    match (arguments.next(), arguments.next(), arguments.next()) {
        (Some(first), Some(second), None) => Some((first, second)),
        _ => None,
    }
}

/// What the one argument of a call is, where it is text by the looks of it.
fn text(arguments: &TokenStream) -> Option<&'static str> {
    let tokens: Vec<TokenTree> = arguments.clone().into_iter().collect();
    match &tokens[..] {
        [TokenTree::Literal(literal)] => literal.to_string().ends_with(['"', '#']).then_some("a text"),
        [TokenTree::Ident(name), TokenTree::Punct(bang), TokenTree::Group(_)] if bang.as_char() == '!' => {
            match name.to_string().as_str() {
                "format" => Some("a text"),
                "json" => Some("a JSON value"),
                _ => None,
            }
        }
        [
            TokenTree::Ident(name),
            TokenTree::Punct(_),
            TokenTree::Punct(_),
            TokenTree::Ident(from),
            TokenTree::Group(_),
        ] if name == "String" && from == "from" => Some("a text"),
        [.., TokenTree::Punct(dot), TokenTree::Ident(name), TokenTree::Group(_)]
            if dot.as_char() == '.' && name == "to_string" =>
        {
            Some("a text")
        }
        _ => None,
    }
}

/// What is wrong with the arguments of a close: the number that stands for a code, or nothing where there is no reason.
fn close_code(arguments: &TokenStream) -> Option<Option<String>> {
    match arguments.clone().into_iter().next() {
        Some(TokenTree::Literal(literal)) => {
            let number = literal.to_string();
            number.starts_with(|char: char| char.is_ascii_digit()).then_some(Some(number))
        }
        _ => (!has_comma(arguments)).then_some(None),
    }
}

/// What to write in the place of a number: a code that may stand in a frame.
fn named_close_code(literal: &str) -> String {
    let number =
        syn::parse_str::<LitInt>(literal).and_then(|literal| literal.base10_parse::<u16>()).unwrap_or_default();
    let name = match number {
        1000 => "NORMAL",
        1001 => "GOING_AWAY",
        1002 => "PROTOCOL",
        1003 => "UNSUPPORTED",
        1007 => "INVALID_DATA",
        1008 => "POLICY",
        1009 => "TOO_BIG",
        1011 => "INTERNAL",
        1012 => "RESTART",
        1013 => "TRY_AGAIN",
        4400 => "BAD_REQUEST",
        4401 => "UNAUTHORIZED",
        4403 => "FORBIDDEN",
        4404 => "NOT_FOUND",
        4429 => "TOO_MANY",
        1010 | 1014 | 3000..=4999 => return format!("write `CloseCode::new({number}).unwrap()`"),
        _ => {
            return "write `CloseCode::NORMAL`, or a code of your own, 4000 to 4999: `CloseCode::new(4001).unwrap()`"
                .into();
        }
    };
    format!("write `CloseCode::{name}`")
}

/// Whether there is a comma, which may be within a type's arguments.
fn has_comma(tokens: &TokenStream) -> bool {
    tokens.clone().into_iter().any(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ','))
}

/// Whether these are the last tokens; `()` is an empty pair of parentheses.
fn ends_with(tokens: &[TokenTree], last: &[&str]) -> bool {
    let Some(start) = tokens.len().checked_sub(last.len()) else { return false };
    let is = |(token, text): (&TokenTree, &&str)| match token {
        TokenTree::Ident(name) => name == text,
        TokenTree::Punct(punct) => *text == "." && punct.as_char() == '.',
        TokenTree::Group(group) => *text == "()" && group.stream().is_empty(),
        TokenTree::Literal(_) => false,
    };
    // What is called so on something else is something else: `app.socket.room(..)`.
    let is_field = start.checked_sub(1).is_some_and(|before| is((&tokens[before], &".")));
    tokens[start..].iter().zip(last).rev().all(is) && !is_field
}

#[cfg(test)]
mod tests;
