//! From the impl block's half: the two enums of the protocol, and `Channel`, which calls handlers and hooks.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;

use super::answer;
use super::arguments::Call;
use super::batches;
use super::expand_hooks;
use super::handlers::{Channel, Handler, Payload};
use super::hooks::Hook;
use super::messages::{self, Messages};
use super::unmarked::Unmarked;
use super::{notices, turns};
use crate::describe;
use crate::describe::types::Context;
use crate::syntax::spans::beside_locals;
use crate::syntax::types::{first_type, last_segment, ungroup};

pub fn expand(channel: &Channel) -> TokenStream {
    let enums = enums(channel);
    let protocol = protocol(channel);
    let implementation = implementation(channel);
    let sends = sends(channel);
    let reply = reply(channel);
    let notices = notices::kinds(channel);
    let batches = batches::kinds(channel);
    let users = expand_hooks::users(channel);
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
        impl ::channel_runtime::private::Handled for #self_ty {}

        impl ::channel_runtime::Protocol for #self_ty {
            type FromClient = #from_client;
            type ToClient = #to_client;
        }
    }
}

/// For a struct that is no channel's, or not `Send`: with a lifetime in it the compiler leaves the bound to those who use the impl,
/// and takes it for true within.
///
/// Under a bound it proves anew for each channel what it knows of those before, that a `Socket` can be shared: a twentieth of
/// all its time. So the bound is left out where the struct has been seen and the impl can't be in want of it.
pub fn if_route(channel: &Channel) -> Option<TokenStream> {
    let self_ty = &channel.self_ty;
    (!channel.declared.looks_sound).then(|| quote!(where for<'__a> #self_ty: ::channel_runtime::Route))
}

/// `SentBy` for each message in `sends(..)`.
pub fn sends(channel: &Channel) -> TokenStream {
    let self_ty = &channel.self_ty;
    let messages = channel.lists.sends.iter().map(|sent| {
        let (cfgs, ty) = (&sent.cfgs, &sent.ty);
        // What is no message is told by the enum; the lifetime keeps this from telling it again, as in `if_route`.
        // It stands at the type, where the compiler shows what else may be sent.
        let sent_by = quote_spanned! {ty.span()=>
            impl ::channel_runtime::SentBy<#self_ty> for #ty where for<'__a> #ty: ::channel_runtime::Message {}
        };
        quote!(#(#cfgs)* #sent_by)
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
    let identity = expand_hooks::identity(channel);
    let handle = handle(channel);
    let turns = turns::table(channel);
    let shape = shape(channel);
    let hooks = channel.hooks.iter().map(expand_hooks::hook);
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
    }
}

/// What is told of it, where there is something to tell.
fn shape(channel: &Channel) -> TokenStream {
    let to_client = channel.name_to_client();
    let answers = channel.handlers.iter().map(|Handler { cfgs, batch, call, defers, .. }| {
        let answer = match batch {
            // Each message has its own, which its handler's type does not tell.
            Some(_) => quote!(__s::AnswerShape::UNKNOWN),
            None => answer(call.returns.as_ref(), &to_client),
        };
        let deferred = defers.then(|| quote!(.deferred()));
        quote!(#(#cfgs)* #answer #deferred)
    });
    let names = describe::names();
    let tells = |handler: &Handler| handler.call.returns.is_some() || handler.batch.is_some() || handler.defers;
    let answers = channel.handlers.iter().any(tells).then(|| {
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
    match (["Option", "Result", "Deferred"].iter().any(|name| segment.ident == name), first_type(segment)) {
        (true, Some(inner)) => innermost(inner),
        _ => Some(segment),
    }
}

fn handle(channel: &Channel) -> TokenStream {
    let arms = channel.handlers.iter().map(|handler| arm(channel, handler));
    let from_client = channel.name_from_client();
    let overlapping = overlapping(channel);
    quote! {
        fn handle<'a>(
            &'a mut self,
            __message: #from_client,
            __socket: &'a ::channel_runtime::Socket<Self>,
            __app: &'a ::channel_runtime::private::App<Self>,
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
    let overlapping = || channel.handlers.iter().filter(|handler| turns::overlaps(channel, handler));
    let span = overlapping().find_map(|handler| handler.turn.concurrent())?.span();
    let run = quote_spanned!(beside_locals(span)=> ::channel_runtime::private::Overlap::run(self, __overlap));
    let arms = overlapping().map(|handler| arm(channel, handler));
    let from_client = channel.name_from_client();
    Some(quote! {
        fn overlapping<'a>(
            &'a self,
            __message: #from_client,
            __socket: &'a ::channel_runtime::Socket<Self>,
            __app: &'a ::channel_runtime::private::App<Self>,
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
fn arm(channel: &Channel, handler: &Handler) -> TokenStream {
    let Handler { cfgs, variant, payload, batch, call, .. } = handler;
    let from_client = channel.name_from_client();
    if batch.is_some() {
        return quote!(#(#cfgs)* #from_client::#variant(_) => ::core::unreachable!("it is handled in batches"),);
    }
    let pattern = match payload {
        Payload::Struct(_) => quote!(#from_client::#variant(__message)),
        Payload::Unit(_) => quote!(#from_client::#variant),
    };
    let handling = match turns::overlaps(channel, handler) {
        // The channel itself is asked of in `overlap`.
        true => handling(call, call.begun_holding(quote!(&Self), "__message")),
        false => handling(call, call.begun("__message")),
    };
    quote!(#(#cfgs)* #pattern => #handling,)
}

/// A handler's call, and its answer once there is one.
pub fn handling(call: &Call, begun: TokenStream) -> TokenStream {
    let reply = answer::sent(call);
    if !call.is_async {
        return quote!({ let __reply = #begun; ::channel_runtime::private::Handling::Done(#reply) });
    }
    // What is not `Send` is told of at the handler.
    let span = beside_locals(call.name.span());
    let later = quote_spanned!(span=> ::channel_runtime::private::Handling::later);
    quote!(#later(#begun, |__reply| #reply))
}
