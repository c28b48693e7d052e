//! From an impl block: the enums of its messages, `Protocol`, `Channel`, and `Dispatch`, which calls the handlers and hooks.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;

use super::answers::handling;
use super::if_route::if_route;
use super::messages::{self, Messages};
use super::{asks, batches, description, envelope, history, hooks, notices, options, unmarked};
use crate::channel::model::{Channel, Handler, Payload, Raw};
use crate::syntax::spans::beside_locals;

pub fn expand(channel: &Channel) -> TokenStream {
    let enums = enums(channel);
    let protocol = protocol(channel);
    let implementation = implementation(channel);
    let sends = sends(channel);
    let reply = reply(channel);
    let notices = notices::kinds(channel);
    let batches = batches::kinds(channel);
    let users = hooks::users(channel);
    let enveloped = envelope::checks(channel);
    let snapshot = history::snapshot(channel);
    let asks = asks::impls(channel);
    let unmarked = channel.unmarked.iter().map(unmarked::check);
    let conditional = channel.conditional.iter().map(|(cfgs, error)| {
        let error = error.to_compile_error();
        quote!(#(#cfgs)* #error)
    });
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
            #enveloped
            #snapshot
            #asks
            #(#unmarked)*
            #(#conditional)*
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
    let (envelope, is_envelope) = (envelope::its_type(channel), envelope::is_one(channel));
    let of_clients = asks::of_protocol();
    quote! {
        impl ::channel_runtime::private::Handled for #self_ty {}

        impl ::channel_runtime::Protocol for #self_ty {
            type FromClient = #from_client;
            type ToClient = #to_client;
            type Envelope = #envelope;
            #of_clients
        }

        #is_envelope
    }
}

pub fn sends(channel: &Channel) -> TokenStream {
    let self_ty = &channel.self_ty;
    let envelope = match &channel.envelope {
        Some(_) => quote!(<#self_ty as ::channel_runtime::Protocol>::Envelope),
        None => envelope::its_type(channel),
    };
    let messages = channel.sends.iter().map(|sent| {
        let (cfgs, ty) = (&sent.cfgs, &sent.ty);
        // The enum reports a type that is no message. The lifetime keeps this impl from reporting it again, as in `if_route`. The
        // impl has the type's span, where the compiler lists what else may be sent.
        let sent_by = quote_spanned! {ty.span()=>
            impl ::channel_runtime::SentBy<#self_ty> for #ty where for<'__a> #ty: ::channel_runtime::Message {
                type Envelope = #envelope;
            }
        };
        quote!(#(#cfgs)* #sent_by)
    });
    let bytes = channel.sends_bytes.iter().map(|Raw { cfgs, ty }| {
        let sends_bytes = quote_spanned!(ty.span()=> impl ::channel_runtime::SendsBytes for #self_ty {});
        quote!(#(#cfgs)* #sends_bytes)
    });
    let text = channel.sends_text.iter().map(|Raw { cfgs, ty }| {
        let is_text = quote_spanned!(beside_locals(ty.span())=> ::channel_runtime::private::is_text::<#ty>());
        let sends_text = quote_spanned!(ty.span()=> impl ::channel_runtime::SendsText for #self_ty {});
        quote!(#(#cfgs)* const _: () = #is_text; #(#cfgs)* #sends_text)
    });
    quote!(#(#messages)* #(#bytes)* #(#text)*)
}

/// `Reply` for the enum: a handler may answer with one of several messages.
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
    let identity = hooks::identity(channel);
    let handle = handle(channel);
    let options = options::table(channel);
    let shape = description::of_block(channel);
    let constants = channel.hooks.iter().map(hooks::constant);
    let hooks = channel.hooks.iter().map(hooks::hook);
    let (noticed, notices) = (notices::method(channel), notices::table(channel));
    let submitted = batches::methods(channel);
    let if_route = if_route(channel);
    quote! {
        impl ::channel_runtime::Channel for #self_ty #if_route {
            #identity
            #shape
            #(#constants)*
        }

        impl ::channel_runtime::private::Dispatch for #self_ty #if_route {
            #options
            #notices
            #(#hooks)*
            #handle
            #noticed
            #submitted
        }
    }
}

fn handle(channel: &Channel) -> TokenStream {
    let arms = channel.handlers.iter().map(|handler| arm(channel, handler));
    let from_client = channel.name_from_client();
    let concurrent = concurrent(channel);
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

        #concurrent
    }
}

fn concurrent(channel: &Channel) -> Option<TokenStream> {
    let sharing = || channel.handlers.iter().filter(|handler| options::overlaps(channel, handler));
    let span = sharing().find_map(|handler| handler.options.concurrent())?.span();
    let new = quote_spanned!(beside_locals(span)=> ::channel_runtime::private::ConcurrentHandlers::new(self, __app));
    let arms = sharing().map(|handler| arm(channel, handler));
    let from_client = channel.name_from_client();
    Some(quote! {
        fn handle_shared<'a>(
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

        fn concurrent<'a>(
            &'a mut self,
            __app: &'a ::channel_runtime::private::App<Self>,
        ) -> ::channel_runtime::private::ConcurrentHandlers<'a, Self> {
            #new
        }
    })
}

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
    let handling = match options::overlaps(channel, handler) {
        // Whether `Self` is `Sync` is checked in `concurrent`.
        true => handling(call, call.unawaited_holding(quote!(&Self), "__message")),
        false => handling(call, call.unawaited("__message")),
    };
    quote!(#(#cfgs)* #pattern => #handling,)
}
