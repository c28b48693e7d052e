//! Hooks of other frameworks: `on_message`, `handle_in`, `join`.
//!
//! Other blocks may call a plain method. So the compiler decides: if nobody calls it, its dead-code lint is an error with our text,
//! which `#[allow(dead_code)]` permits. Common names are looked at only if the method takes a socket.

use syn::ext::IdentExt as _;
use syn::{FnArg, Ident, Visibility, parse_quote_spanned};

use crate::syntax::impl_block::{ImplBlock, Method};
use crate::syntax::types::is_named;

#[derive(Clone, Copy)]
enum Meant {
    Message,
    Connect,
    Close,
    Notice,
    Sent,
    Subprotocol,
    Upgrade,
}

impl Meant {
    fn remedy(self) -> &'static str {
        match self {
            Self::Message => {
                "write a handler for each message, `#[message] async fn name(&mut self, m: Message)`; or `on_text`, for texts that are \
                 no messages"
            }
            Self::Connect => {
                "write `on_connect`; a client is in the room of its path by then, and joins other rooms by `socket.join(&room)`"
            }
            Self::Close => {
                "write `on_close`; a client has left all rooms by then, and leaves one before by `socket.leave(&room)`"
            }
            Self::Notice => {
                "write a handler for what the server tells a connection, `#[notice] fn name(&mut self, n: Notice)`"
            }
            Self::Sent => {
                "a message is not changed on its way out; send each client the message that it should receive"
            }
            Self::Subprotocol => {
                "list the names on the struct, `subprotocols(\"ocpp1.6\")`; what is agreed is `Handshake::subprotocol()` before the \
                 upgrade, and `socket.subprotocol()` after it"
            }
            Self::Upgrade => {
                "write `authorize`, which may refuse before the upgrade; what it needs of the handshake, such as \
                 `Handshake::subprotocol()`, is a field of the struct, marked `#[extract]`"
            }
        }
    }
}

fn meant_by(name: &str, takes_socket: bool) -> Option<Meant> {
    Some(match name {
        "on_message" | "on_event" | "on_data" | "on_json" | "on_receive" | "on_received" | "on_request" | "on_msg"
        | "handle_in" | "handle_event" | "handle_message" => Meant::Message,
        "on_join" | "on_joined" | "on_connected_async" | "on_start" | "on_started" | "on_enter" | "after_join" => {
            Meant::Connect
        }
        "on_leave" | "on_left" | "on_disconnected_async" | "on_stop" | "on_stopped" | "on_end" | "on_exit" => {
            Meant::Close
        }
        "handle_info" | "handle_cast" | "handle_call" => Meant::Notice,
        "handle_out" => Meant::Sent,
        "on_subprotocol" | "on_subprotocols" | "on_protocol" | "select_subprotocol" | "handle_protocols" => {
            Meant::Subprotocol
        }
        "on_upgrade" | "on_handshake" | "before_upgrade" => Meant::Upgrade,
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

/// Returns the names of the methods with the lint.
pub fn check(block: &mut ImplBlock, marked: &[Ident]) -> Vec<Ident> {
    let found = |method: &Method| read(method).filter(|_| !marked.contains(&method.sig.ident));
    let methods = block.methods_mut().filter_map(|method| Some((method.sig.ident.clone(), found(method)?)));
    let asked: Vec<(Ident, Meant)> = methods.collect();
    // The compiler reports all of them in one error, with the first one's reason.
    let text = |(name, meant): &(Ident, Meant)| format!("a channel has no hook `{name}`: {}", meant.remedy());
    let reason = asked.iter().map(text).collect::<Vec<_>>().join("\n");
    for method in block.methods_mut().filter(|method| found(method).is_some()) {
        let lint = parse_quote_spanned!(method.sig.ident.span()=> #[deny(dead_code, reason = #reason)]);
        // Before the user's own attributes, so that those win.
        method.attrs.insert(0, lint);
    }
    asked.into_iter().map(|(name, _)| name).collect()
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

    fn asked(methods: TokenStream) -> Vec<String> {
        let mut block = syn::parse2(quote!(impl Game { #methods })).unwrap();
        let asked = check(&mut block, &[parse_quote!(leave)]);
        for method in block.methods_mut() {
            let is_asked = method.attrs.first().is_some_and(|attr| attr.path().is_ident("deny"));
            assert_eq!(is_asked, asked.contains(&method.sig.ident), "{}", method.sig.ident);
        }
        asked.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_compiler_is_asked_whether_anybody_calls_it() {
        let methods = quote! {
            fn on_message(&mut self, text: String) {}
            async fn on_leave(&mut self) { self.on_message() }
            fn handle_in(&mut self, event: &str, m: Say, socket: &Socket<Self>) {}
            #[allow(dead_code)]
            fn join(&mut self, socket: &Socket<Self>) -> Result<(), Fault> { Ok(()) }
            fn stopped(&mut self, ctx: &mut Socket<Self>) {}
        };
        assert_eq!(asked(methods), ["on_message", "on_leave", "handle_in", "join", "stopped"]);
    }

    #[test]
    fn plain_methods_are_left_alone() {
        let methods = quote! {
            fn join(&mut self, other: Seat) {}
            fn leave(&mut self, m: Leave, socket: &Socket<Self>) {}
            pub fn on_message(&mut self, text: String) {}
            fn connected() -> bool { true }
            fn on_turn(&mut self, socket: &Socket<Self>) {}
        };
        assert_eq!(asked(methods), [""; 0]);
    }
}
