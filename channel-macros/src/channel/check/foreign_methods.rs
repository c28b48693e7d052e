//! Methods of other frameworks on a socket, an audience or a hub: `socket.emit(..)`.
//!
//! A trait in the body has these methods, and its error says what to write. A method that exists is found before the trait's.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::{Expr, Token};

use crate::syntax::impl_block::Method;
use crate::syntax::runtime_path::Runtime;
use crate::syntax::spans::beside_locals;

const MEANINGS: [(&str, &[&str]); 9] = [
    (
        "Emit",
        &[
            "emit",
            "push",
            "reply",
            "publish",
            "write",
            "text",
            "send_text",
            "send_json",
            "send_message",
            "tell",
            "cast",
        ],
    ),
    ("SendBinary", &["send_binary", "binary", "emit_binary", "send_raw", "send_buffer", "send_blob"]),
    (
        "Broadcast",
        &[
            "broadcast",
            "broadcast_from",
            "broadcast_all",
            "broadcast_to",
            "send_all_clients",
            "emit_all",
            "send_to_all",
        ],
    ),
    ("To", &["to", "to_room", "in_room", "within", "group", "clients", "client", "caller", "of_room"]),
    ("Volatile", &["volatile", "try_send", "force_send"]),
    (
        "Members",
        &[
            "members",
            "sockets",
            "connections",
            "presence",
            "list",
            "iter",
            "into_iter",
            "count",
            "size",
            "for_each",
            "ids",
        ],
    ),
    ("Assign", &["assign", "assigns", "data", "set", "insert", "get", "extensions", "state", "session"]),
    (
        "Subscribe",
        &["join_room", "leave_room", "subscribe", "unsubscribe", "add_to_group", "remove_from_group", "enter"],
    ),
    ("On", &["on", "once", "on_event", "on_message", "listen", "recv", "next", "receive"]),
];

/// An audience has `disconnect` itself.
const END: (&str, &[&str]) = ("Disconnect", &["disconnect", "stop", "kick", "terminate", "shutdown", "abort"]);

/// Methods that return an audience or a hub: a call on their result counts.
const MAKERS: [&str; 14] = [
    "room",
    "others",
    "all",
    "user",
    "users",
    "rooms",
    "room_of",
    "hub",
    "hub_of",
    "connection",
    "socket",
    "to",
    "clients",
    "broadcast",
];

struct Found {
    name: Ident,
    meaning: &'static str,
    arguments: usize,
}

pub fn check(method: &mut Method, socket: Option<&Ident>, runtime: &Runtime) {
    let body = method.body.to_token_stream();
    let mut found = Vec::new();
    find(&body, socket.map(ToString::to_string).as_deref(), &mut found);
    if found.is_empty() {
        return;
    }
    let TokenTree::Group(body) = &method.body else { return };
    let methods = found.iter().map(|Found { name, meaning, arguments }| {
        let span = beside_locals(name.span());
        let types: Vec<_> = (0..*arguments).map(|at| format_ident!("__T{at}")).collect();
        let meaning = Ident::new(meaning, span);
        let meant = quote_spanned!(span=> Self: ::channel_runtime::private::foreign::#meaning);
        quote! {
            fn #name<#(#types),*>(&mut self, #(_: #types),*) -> ::channel_runtime::private::foreign::Nothing
            where
                #meant,
            {
                ::core::unreachable!()
            }
        }
    });
    let foreign = runtime.place(quote! {
        #[allow(dead_code)]
        trait __NoMethod: ::channel_runtime::private::foreign::Handle {
            #(#methods)*
        }
        impl<__T: ::channel_runtime::private::foreign::Handle> __NoMethod for __T {}
    });
    let inner = body.stream();
    let mut with = Group::new(Delimiter::Brace, quote!(#foreign #inner));
    with.set_span(body.span());
    method.body = with.into();
}

fn find(tokens: &TokenStream, socket: Option<&str>, found: &mut Vec<Found>) {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else { continue };
        find(&group.stream(), socket, found);
        if group.delimiter() != Delimiter::Parenthesis {
            continue;
        }
        let Some([.., receiver, TokenTree::Punct(dot), TokenTree::Ident(name)]) = tokens.get(..at) else { continue };
        if dot.as_char() != '.' || found.iter().any(|other| other.name == *name) {
            continue;
        }
        let is_known = match receiver {
            TokenTree::Ident(receiver) => {
                let receiver = receiver.to_string();
                socket == Some(&receiver) || receiver == "room" || receiver == "hub"
            }
            TokenTree::Group(made) if made.delimiter() == Delimiter::Parenthesis => {
                match tokens.get(at.wrapping_sub(4)) {
                    Some(TokenTree::Ident(maker)) => MAKERS.iter().any(|known| maker == known),
                    // `hub_of::<Other>()`
                    Some(TokenTree::Punct(end)) => end.as_char() == '>',
                    _ => false,
                }
            }
            _ => false,
        };
        if let (true, Some(meaning)) = (is_known, meaning(&name.to_string()))
            && let Ok(arguments) = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(group.stream())
        {
            found.push(Found { name: name.clone(), meaning, arguments: arguments.len() });
        }
    }
}

fn meaning(name: &str) -> Option<&'static str> {
    let mut meanings = MEANINGS.iter().chain([&END]);
    meanings.find(|(_, names)| names.contains(&name)).map(|(meaning, _)| *meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(body: TokenStream) -> Vec<String> {
        let mut found = Vec::new();
        find(&body, Some("client"), &mut found);
        found.iter().map(|found| format!("{} {}/{}", found.meaning, found.name, found.arguments)).collect()
    }

    #[test]
    fn what_is_called_on_a_handle_is_found_with_its_arguments() {
        let body = quote!({
            client.emit("said", json!({ "a": 1 }));
            client.to("lobby").emit(1, 2, 3);
            if x {
                client.room().members();
            }
            app.hub.broadcast(f::<A, B>(a, b));
            client.hub_of::<Other>().volatile();
            client.room().with(|state, room| room.iter());
        });
        let expected = [
            "Emit emit/2",
            "To to/1",
            "Members members/0",
            "Broadcast broadcast/1",
            "Volatile volatile/0",
            "Members iter/0",
        ];
        let mut found = found(body);
        found.sort();
        let mut expected = expected.map(str::to_owned);
        expected.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_called_on_anything_else_is_left_alone() {
        let body = quote!({
            self.list.push(1);
            list.iter().count();
            client.send(Said {});
            client.room().send(Said {});
            emit("said");
            Self::emit(client);
            map.get(&key).to(8);
            client.emit;
        });
        assert_eq!(found(body), [""; 0]);
    }

    #[test]
    fn a_name_has_one_meaning() {
        let mut names: Vec<_> = MEANINGS.iter().chain([&END]).flat_map(|(_, names)| names.iter()).collect();
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
