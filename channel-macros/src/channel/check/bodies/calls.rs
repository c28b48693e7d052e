//! Calls on a method's socket, recognized by their tokens.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use super::arguments::{close_code, has_comma, text};

pub enum Call {
    /// `socket.room(..)`, with what it stands for.
    Whole(&'static str),
    /// `socket.user(..)`, which takes one argument.
    Named,
    Send,
    /// `socket.room().send(..)`
    SendTo,
    Close,
    Unwrap,
    With,
}

pub struct Socket {
    pub name: String,
}

impl Socket {
    pub fn has_any(&self, tokens: &TokenStream) -> bool {
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

    /// Whether the tokens end with a field that sockets have in another framework, `socket.broadcast`, and `next` is no call.
    pub fn is_field(&self, read: &[TokenTree], next: Option<&TokenTree>) -> bool {
        const FIELDS: [&str; 8] = ["broadcast", "clients", "volatile", "data", "assigns", "rooms", "nsp", "handshake"];
        let is_call = match next {
            Some(TokenTree::Group(group)) => group.delimiter() == Delimiter::Parenthesis,
            Some(TokenTree::Punct(punct)) => punct.as_char() == ':',
            _ => false,
        };
        !is_call && FIELDS.iter().any(|field| ends_with(read, &[&self.name, ".", field]))
    }

    /// The place of `for` in `for member in socket.room()`, if `group` is the loop's body.
    pub fn is_loop(&self, read: &[TokenTree], group: &Group) -> Option<usize> {
        let over = |who: &&str| ends_with(read, &["in", &self.name, ".", who, "()"]);
        let is_loop = group.delimiter() == Delimiter::Brace && ["room", "others", "all"].iter().any(over);
        is_loop.then(|| read.iter().rposition(|token| matches!(token, TokenTree::Ident(word) if word == "for")))?
    }

    pub fn call(&self, read: &[TokenTree], group: &Group) -> Option<Call> {
        let (socket, Some(TokenTree::Ident(method))) = (self.name.as_str(), read.last()) else { return None };
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

    /// Whether the tokens are `socket.send(..).method`, or the same of an audience.
    pub fn is_sent(&self, read: &[TokenTree]) -> bool {
        let [before @ .., TokenTree::Ident(send), TokenTree::Group(_), TokenTree::Punct(_), TokenTree::Ident(_)] = read
        else {
            return false;
        };
        let socket = self.name.as_str();
        send == "send"
            && (ends_with(before, &[socket, "."])
                || ["room", "others", "all"].iter().any(|who| ends_with(before, &[socket, ".", who, "()", "."])))
    }
}

fn ends_with(tokens: &[TokenTree], last: &[&str]) -> bool {
    let Some(start) = tokens.len().checked_sub(last.len()) else { return false };
    let is = |(token, text): (&TokenTree, &&str)| match token {
        TokenTree::Ident(name) => name == text,
        TokenTree::Punct(punct) => *text == "." && punct.as_char() == '.',
        TokenTree::Group(group) => *text == "()" && group.stream().is_empty(),
        TokenTree::Literal(_) => false,
    };
    // A field of that name is not the socket: `app.socket.room(..)`.
    let is_field = start.checked_sub(1).is_some_and(|before| is((&tokens[before], &".")));
    tokens[start..].iter().zip(last).rev().all(is) && !is_field
}
