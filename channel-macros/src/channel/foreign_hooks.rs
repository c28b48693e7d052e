//! Methods that other frameworks call by their names, and nobody does here: `on_text`, `handle_in`, `join`.
//!
//! A plain method may have any name. So only those are told of that the block alone could call, and does not; and where the name says
//! little, only such as take a socket.

use syn::ext::IdentExt as _;
use syn::{FnArg, Ident, Visibility};

use super::unmarked::is_called;
use crate::errors::Errors;
use crate::impl_block::{ImplBlock, ImplItem, Method};
use crate::spans::is_named;

/// What is meant here.
#[derive(Clone, Copy)]
enum Meant {
    Message,
    Connect,
    Close,
    Notice,
    Sent,
}

impl Meant {
    fn remedy(self) -> &'static str {
        match self {
            Self::Message => "write a handler for each message: `#[message] async fn name(&mut self, m: Message)`",
            Self::Connect => {
                "write `on_connect`: a client is in the room of its path by then; other rooms it joins by `socket.join(&room)`"
            }
            Self::Close => {
                "write `on_close`: a client has left all rooms by then; those that it joins it leaves by `socket.leave(&room)`"
            }
            Self::Notice => {
                "what is told to a handler from outside is a notice: `#[notice] fn name(&mut self, n: Notice)`"
            }
            Self::Sent => "what is sent is sent as it is: write the message for each of those who receive it",
        }
    }
}

/// What such a name means, where nothing else is called so.
fn meant_by(name: &str, takes_socket: bool) -> Option<Meant> {
    Some(match name {
        "on_message" | "on_text" | "on_event" | "on_data" | "on_json" | "on_receive" | "on_received" | "on_request"
        | "on_msg" | "handle_in" | "handle_event" | "handle_message" => Meant::Message,
        "on_join" | "on_joined" | "on_connected_async" | "on_start" | "on_started" | "on_enter" | "after_join" => {
            Meant::Connect
        }
        "on_leave" | "on_left" | "on_disconnected_async" | "on_stop" | "on_stopped" | "on_end" | "on_exit" => {
            Meant::Close
        }
        "handle_info" | "handle_cast" | "handle_call" => Meant::Notice,
        "handle_out" => Meant::Sent,
        "receive" | "received" | "handle" | "recv" if takes_socket => Meant::Message,
        "join" | "joined" | "connected" | "connect" | "started" | "opened" | "init" | "setup" if takes_socket => {
            Meant::Connect
        }
        "leave" | "terminate" | "disconnected" | "disconnect" | "stopped" | "stopping" | "finished" | "teardown"
            if takes_socket =>
        {
            Meant::Close
        }
        _ => return None,
    })
}

/// Tells of such methods, but for those that are marked; their names.
pub fn check(block: &ImplBlock, marked: &[Ident], errors: &mut Errors) -> Vec<Ident> {
    let methods = block.items.iter().filter_map(|item| match item {
        ImplItem::Method(method) => Some(&**method),
        ImplItem::Other(_) => None,
    });
    let mut told = Vec::new();
    for (method, meant) in methods.filter_map(|method| Some((method, read(method)?))) {
        let name = &method.sig.ident;
        if !marked.contains(name) && !is_called(name, block) {
            errors.at(name, format_args!("a channel has no hook `{name}`"), meant.remedy());
            told.push(name.clone());
        }
    }
    told
}

fn read(method: &Method) -> Option<Meant> {
    let is_plain = matches!(method.vis, Visibility::Inherited) && method.sig.receiver().is_some();
    let takes_socket = method.sig.inputs.iter().any(|input| match input {
        FnArg::Typed(input) => match &*input.ty {
            syn::Type::Reference(ty) => is_named(&ty.elem, "Socket"),
            ty => is_named(ty, "Socket"),
        },
        FnArg::Receiver(_) => false,
    });
    meant_by(&method.sig.ident.unraw().to_string(), takes_socket).filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;
    use quote::quote;
    use syn::parse_quote;

    use super::*;

    fn told(methods: TokenStream) -> Vec<String> {
        let block = syn::parse2(quote!(impl Game { #methods })).unwrap();
        check(&block, &[parse_quote!(leave)], &mut Errors::default()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_nobody_calls_here_is_told() {
        let methods = quote! {
            fn on_text(&mut self, text: String) {}
            async fn on_leave(&mut self) {}
            fn handle_in(&mut self, event: &str, m: Say, socket: &Socket<Self>) {}
            fn join(&mut self, socket: &Socket<Self>) -> Result<(), Fault> { Ok(()) }
            fn stopped(&mut self, ctx: &mut Socket<Self>) {}
        };
        assert_eq!(told(methods), ["on_text", "on_leave", "handle_in", "join", "stopped"]);
    }

    #[test]
    fn plain_methods_are_left_alone() {
        let methods = quote! {
            fn on_join(&mut self) { self.on_leave() }
            fn on_leave(&mut self) { Self::on_join(self) }
            fn join(&mut self, other: Seat) {}
            fn leave(&mut self, m: Leave, socket: &Socket<Self>) {}
            pub fn on_text(&mut self, text: String) {}
            fn connected() -> bool { true }
            fn on_turn(&mut self, socket: &Socket<Self>) {}
        };
        assert_eq!(told(methods), [""; 0]);
    }
}
