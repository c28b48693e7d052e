//! From the impl block's half: the two enums of the protocol, and `Channel`, which calls handlers and hooks.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;

use super::answer::{self, replied};
use super::batches;
use super::handlers::{Channel, Handler, Payload};
use super::hooks::{Hook, Kind};
use super::messages::{self, Messages};
use super::unmarked::Unmarked;
use super::{notices, turns};
use crate::describe;
use crate::describe::types::Context;
use crate::spans::{beside_locals, first_type, is_nameable, is_unit, last_segment, ungroup};

pub fn expand(channel: &Channel) -> TokenStream {
    let enums = enums(channel);
    let protocol = protocol(channel);
    let implementation = implementation(channel);
    let sends = sends(channel);
    let reply = reply(channel);
    let notices = notices::kinds(channel);
    let batches = batches::kinds(channel);
    let users = users(channel);
    let unmarked = channel.unmarked.iter().map(Unmarked::check);
    quote! {
        #enums

        #[automatically_derived]
        #[allow(deprecated)]
        const _: () = {
            #protocol
            #implementation
            #sends
            #reply
            #notices
            #batches
            #users
            #(#unmarked)*
        };
    }
}

fn enums(channel: &Channel) -> TokenStream {
    let from_client = messages::from_client(channel);
    let to_client = messages::to_client(channel);
    let expand = |messages: &Messages| {
        let definition = messages.definition();
        let implementation = messages.implementation();
        quote!(#definition #implementation)
    };
    let (from_client, to_client) = (expand(&from_client), expand(&to_client));
    quote!(#from_client #to_client)
}

pub fn protocol(channel: &Channel) -> TokenStream {
    let self_ty = &channel.self_ty;
    let (from_client, to_client) = (channel.name_from_client(), channel.name_to_client());
    quote! {
        impl ::channel_runtime::Protocol for #self_ty {
            type FromClient = #from_client;
            type ToClient = #to_client;
        }
    }
}

/// For a struct that is no channel's: with a lifetime in it the compiler leaves the bound to those who use the impl, and
/// the one error stands where the channel is listed.
pub fn if_route(channel: &Channel) -> TokenStream {
    let self_ty = &channel.self_ty;
    quote!(where for<'__a> #self_ty: ::channel_runtime::Route)
}

/// `SentBy` for each message in `sends(..)`.
pub fn sends(channel: &Channel) -> TokenStream {
    let self_ty = &channel.self_ty;
    let messages = channel.lists.sends.iter().map(|sent| {
        let (cfgs, ty) = (&sent.cfgs, &sent.ty);
        // What is no message is told by the enum; the lifetime keeps this from telling it again, as in `if_route`.
        quote! {
            #(#cfgs)*
            impl ::channel_runtime::SentBy<#self_ty> for #ty where for<'__a> #ty: ::channel_runtime::Message {}
        }
    });
    let bytes = channel
        .lists
        .sends_bytes
        .as_ref()
        .map(|ty| quote_spanned!(ty.span()=> impl ::channel_runtime::SendsBytes for #self_ty {}));
    quote!(#(#messages)* #bytes)
}

/// A handler may return the enum where it answers with one of several.
pub fn reply(channel: &Channel) -> TokenStream {
    let self_ty = &channel.self_ty;
    let to_client = channel.name_to_client();
    let if_route = if_route(channel);
    quote! {
        impl ::channel_runtime::Reply<#self_ty> for #to_client #if_route {
            fn reply(self, __socket: &::channel_runtime::Socket<#self_ty>) -> ::channel_runtime::private::Flow {
                ::channel_runtime::private::reply_one_of(__socket, &self)
            }
        }
    }
}

fn implementation(channel: &Channel) -> TokenStream {
    let self_ty = &channel.self_ty;
    let identity = identity(channel);
    let first_state = first_state(channel);
    let handle = handle(channel);
    let turns = turns::table(channel);
    let shape = shape(channel);
    let hooks = channel.hooks.iter().map(hook);
    let noticed = notices::method(channel);
    let gathered = batches::methods(channel);
    let if_route = if_route(channel);
    quote! {
        impl ::channel_runtime::Channel for #self_ty #if_route {
            #identity
            #shape
            #turns
            #(#hooks)*
            #handle
            #noticed
            #gathered
        }

        #first_state
    }
}

/// What is told of it, where there is something to tell.
fn shape(channel: &Channel) -> TokenStream {
    let to_client = channel.name_to_client();
    let answers = channel.handlers.iter().map(|Handler { cfgs, batch, call, .. }| {
        let answer = match batch {
            // Each message has its own, which its handler's type does not tell.
            Some(_) => quote!(__s::AnswerShape::UNKNOWN),
            None => answer(call.returns.as_ref(), &to_client),
        };
        quote!(#(#cfgs)* #answer)
    });
    let names = describe::names();
    let answers =
        channel.handlers.iter().any(|handler| handler.call.returns.is_some() || handler.batch.is_some()).then(|| {
            quote! {
                const ANSWERS: &'static [::channel_runtime::private::shapes::AnswerShape] = { #names &[#(#answers),*] };
            }
        });
    let hooks = channel.hooks.iter().map(|Hook { kind, cfgs, .. }| {
        let name = kind.name();
        quote!(#(#cfgs)* #name)
    });
    let hooks = (!channel.hooks.is_empty())
        .then(|| quote!(const HOOKS: &'static [&'static ::core::primitive::str] = &[#(#hooks),*];));
    let binary = channel.lists.sends_bytes.as_ref().map(|_| {
        quote!(
            const SENDS_BINARY: ::core::primitive::bool = true;
        )
    });
    quote!(#answers #hooks #binary)
}

/// What a handler's return type tells of its answer.
fn answer(returns: Option<&syn::Type>, to_client: &Ident) -> TokenStream {
    let Some(ty) = returns else { return quote!(__s::AnswerShape::NOTHING) };
    if matches!(ungroup(ty), syn::Type::ImplTrait(_)) {
        return quote!(__s::AnswerShape::UNKNOWN);
    }
    let more = innermost(ty).and_then(|segment| match first_type(segment) {
        Some(data) if segment.ident == "Success" => {
            let data = Context::default().ty(data);
            Some(quote!(.with_data(#data)))
        }
        _ if segment.ident == *to_client => {
            Some(quote!(.with_messages(<#to_client as ::channel_runtime::Messages>::TYPES)))
        }
        _ => None,
    });
    quote!(__s::AnswerOf::<Self, #ty>::ANSWER #more)
}

/// The `Success<T>` of `Result<Option<Success<T>>, Fault>`: what is answered, without what else may be.
fn innermost(ty: &syn::Type) -> Option<&syn::PathSegment> {
    let segment = last_segment(ty)?;
    match (segment.ident == "Option" || segment.ident == "Result", first_type(segment)) {
        (true, Some(inner)) => innermost(inner),
        _ => Some(segment),
    }
}

pub fn identity(channel: &Channel) -> TokenStream {
    match channel.hook(Kind::Identity).find_map(|hook| hook.key.as_ref()) {
        Some(key) => quote_spanned!(key.span()=> type Identity = <#key as ::channel_runtime::private::Key>::Key;),
        None => quote! { type Identity = ::channel_runtime::Anonymous; },
    }
}

/// Who has the hook `identity` has users.
pub fn users(channel: &Channel) -> Option<TokenStream> {
    let (self_ty, if_route) = (&channel.self_ty, if_route(channel));
    channel.hook(Kind::Identity).find_map(|hook| hook.key.as_ref()).map(|key| {
        // All of it stands at the type, so that the compiler's errors for what is no key are one.
        quote_spanned! {key.span()=>
            impl ::channel_runtime::HasUsers for #self_ty #if_route {
                type User = <Self as ::channel_runtime::Channel>::Identity;
            }
        }
    })
}

/// Where nothing makes the state of its rooms it is told at the channel.
fn first_state(channel: &Channel) -> Option<TokenStream> {
    let self_ty = &channel.self_ty;
    let has_hook = channel.hook(Kind::RoomOpen).next().is_some();
    (!has_hook).then(|| {
        quote_spanned! {self_ty.span()=>
            const _: () = {
                #[allow(unused_imports)]
                use ::channel_runtime::private::NoRooms as _;
                ::channel_runtime::private::made(::channel_runtime::private::RoomsOf::<#self_ty>::UNMADE)
            };
        }
    })
}

fn handle(channel: &Channel) -> TokenStream {
    let arms = channel.handlers.iter().map(|handler| arm(channel, handler));
    let (from_client, app) = (channel.name_from_client(), quote!(<Self as ::channel_runtime::Route>::App));
    let overlapping = overlapping(channel);
    quote! {
        fn handle<'a>(
            &'a mut self,
            __message: #from_client,
            __socket: &'a ::channel_runtime::Socket<Self>,
            __app: &'a #app,
        ) -> ::channel_runtime::private::Handling<'a> {
            match __message {
                #(#arms)*
            }
        }

        #overlapping
    }
}

/// The same for the handlers that share the channel's value, where there are such.
fn overlapping(channel: &Channel) -> Option<TokenStream> {
    let overlapping = || channel.handlers.iter().filter(|handler| handler.turn.concurrent().is_some());
    let span = overlapping().find_map(|handler| handler.turn.concurrent())?.span();
    let run = quote_spanned!(beside_locals(span)=> ::channel_runtime::private::Overlap::run(self, __overlap));
    let arms = overlapping().map(|handler| arm(channel, handler));
    let from_client = channel.name_from_client();
    Some(quote! {
        fn overlapping<'a>(
            &'a self,
            __message: #from_client,
            __socket: &'a ::channel_runtime::Socket<Self>,
            __app: &'a <Self as ::channel_runtime::Route>::App,
        ) -> ::channel_runtime::private::Handling<'a> {
            #[allow(unreachable_patterns)]
            match __message {
                #(#arms)*
                _ => ::core::unreachable!("this handler runs alone"),
            }
        }

        fn overlap<'a>(
            &'a mut self,
            __overlap: ::channel_runtime::private::Overlap<'a, Self>,
        ) -> ::channel_runtime::private::Overlapped<'a, Self> {
            #run
        }
    })
}

/// What a message is met with.
fn arm(channel: &Channel, Handler { cfgs, variant, payload, batch, call, .. }: &Handler) -> TokenStream {
    let from_client = channel.name_from_client();
    if batch.is_some() {
        return quote!(#(#cfgs)* #from_client::#variant(_) => ::core::unreachable!("it is handled in batches"),);
    }
    let pattern = match payload {
        Payload::Struct(_) => quote!(#from_client::#variant(__message)),
        Payload::Unit(_) => quote!(#from_client::#variant),
    };
    let handling = handling(call);
    quote!(#(#cfgs)* #pattern => #handling)
}

/// A handler's call, and its answer once there is one.
fn handling(call: &super::arguments::Call) -> TokenStream {
    let begun = call.begun("__message");
    let reply = answer::sent(call);
    if !call.is_async {
        return quote!({ let __reply = #begun; ::channel_runtime::private::Handling::Done(#reply) });
    }
    // What is not `Send` is told of at the handler.
    let span = beside_locals(call.name.span());
    let later = quote_spanned!(span=> ::channel_runtime::private::Handling::later);
    quote!(#later(#begun, |__reply| #reply),)
}

/// The state in what `on_room_open` returns, alone or in a `Result`.
fn made(returns: &syn::Type) -> Option<&syn::Type> {
    let segment = last_segment(returns)?;
    let state = first_type(segment).filter(|_| segment.ident == "Result").unwrap_or(returns);
    (is_nameable(state) && !is_unit(state)).then_some(state)
}

fn hook(Hook { kind, cfgs, call, key }: &Hook) -> TokenStream {
    let tokens = call.tokens("__message");
    let answer = call.answer("__reply");
    let usual = |name: &str, datum: Option<TokenStream>, body: TokenStream| {
        let name = Ident::new(name, proc_macro2::Span::call_site());
        let datum = datum.map(|ty| quote!(__message: #ty,));
        quote! {
            #(#cfgs)*
            async fn #name(
                &mut self,
                #datum
                __socket: &::channel_runtime::Socket<Self>,
                __app: &<Self as ::channel_runtime::Route>::App,
            ) -> ::channel_runtime::private::Flow {
                #body
            }
        }
    };
    let decided = |name: &str, datum: TokenStream| {
        let name = Ident::new(name, proc_macro2::Span::call_site());
        quote! {
            #(#cfgs)*
            async fn #name(
                &mut self,
                __message: #datum,
                __socket: &::channel_runtime::Socket<Self>,
                __app: &<Self as ::channel_runtime::Route>::App,
            ) -> ::core::result::Result<(), ::channel_runtime::Fault> {
                let __reply = #tokens;
                ::channel_runtime::private::#name(#answer)
            }
        }
    };
    let bytes = || Some(quote!(::channel_runtime::private::Bytes));
    match kind {
        Kind::Authorize => quote! {
            #(#cfgs)*
            async fn authorized(
                &self,
                __app: &<Self as ::channel_runtime::Route>::App,
            ) -> ::core::result::Result<(), ::channel_runtime::Reject> {
                let __reply = #tokens;
                ::channel_runtime::private::authorized(#answer)
            }
        },
        Kind::Identity => {
            let (receiver, local) = (quote!(&self), quote!(__reply));
            // All but the locals stands at the type, so that the compiler's errors for what is no key are one.
            quote_spanned! {key.span()=>
                #(#cfgs)*
                fn identified(#receiver) -> ::core::option::Option<Self::Identity> {
                    let #local = #tokens;
                    ::channel_runtime::private::identity::<Self::Identity, _>(#answer)
                }
            }
        }
        Kind::Expires => quote! {
            #(#cfgs)*
            fn expires(&self) -> ::core::option::Option<::std::time::SystemTime> {
                let __reply = #tokens;
                ::channel_runtime::private::expires(#answer)
            }
        },
        Kind::Refresh => {
            let method = decided("refreshed", quote!(::channel_runtime::Token));
            quote! {
                #(#cfgs)*
                const REFRESHES: ::core::primitive::bool = true;
                #method
            }
        }
        Kind::Reauthorize => decided("reauthorized", quote!(::channel_runtime::Room<Self>)),
        Kind::Connect => usual("connected", None, replied(call)),
        Kind::Ping => usual("pinged", bytes(), replied(call)),
        Kind::Pong => usual("ponged", bytes(), replied(call)),
        Kind::Binary => {
            let method = usual("binary", bytes(), replied(call));
            quote! {
                #(#cfgs)*
                const TAKES_BINARY: ::core::primitive::bool = true;
                #method
            }
        }
        Kind::Invalid => usual(
            "invalid",
            Some(quote!(::channel_runtime::DecodeError)),
            quote! {
                let __usual = ::channel_runtime::private::usual(__socket, &__message);
                let __reply = #tokens;
                ::channel_runtime::private::invalid(__socket, __usual, #answer)
            },
        ),
        Kind::RoomOpen => {
            // Stands at the return type, as does the compiler's error for what is no state.
            let opened = match call.returns.as_ref().and_then(made) {
                Some(state) => quote_spanned! {beside_locals(state.span())=>
                    <Self as ::channel_runtime::private::HasRoomState<#state>>::opened(#answer)
                },
                None => quote_spanned! {answer.span()=>
                    ::channel_runtime::private::room_opened::<Self::RoomState, _>(#answer)
                },
            };
            quote! {
                const OPENS_ROOMS: ::core::primitive::bool = true;
                async fn room_opened(
                    __room: &::channel_runtime::Room<Self>,
                    __app: &<Self as ::channel_runtime::Route>::App,
                ) -> ::core::result::Result<Self::RoomState, ::channel_runtime::Fault> {
                    let __reply = #tokens;
                    #opened
                }
            }
        }
        Kind::RoomClose => {
            let state = call.datum().filter(|ty| is_nameable(ty) && !is_unit(ty)).map(|ty| {
                let span = beside_locals(ty.span());
                let message = Ident::new("__message", span);
                let state = quote_spanned!(span=> <Self as ::channel_runtime::private::HasRoomState<#ty>>::state);
                quote!(let #message = #state(#message);)
            });
            quote! {
            #(#cfgs)*
            const CLOSES_ROOMS: ::core::primitive::bool = true;
            #(#cfgs)*
            async fn room_closed(
                __room: &::channel_runtime::Room<Self>,
                __message: Self::RoomState,
                __app: &<Self as ::channel_runtime::Route>::App,
            ) {
                #state
                let __reply = #tokens;
                ::channel_runtime::private::room_closed(#answer)
            }
            }
        }
        Kind::Close => quote! {
            #(#cfgs)*
            async fn closed(
                &mut self,
                __message: ::channel_runtime::Close,
                __socket: &::channel_runtime::Socket<Self>,
                __app: &<Self as ::channel_runtime::Route>::App,
            ) {
                let __reply = #tokens;
                ::channel_runtime::private::closed(#answer)
            }
        },
    }
}
