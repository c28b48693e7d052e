//! From the handlers of notices: `NoticeFor` for each type, their table, and the method of `Dispatch` that calls them.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;

use super::answers::handling;
use crate::channel::model::{Channel, Notice};
use crate::syntax::types;

pub fn kinds(channel: &Channel) -> TokenStream {
    impls(channel, crossing)
}

/// Without a question to the types, whose errors would be told once more.
pub fn fallback(channel: &Channel) -> TokenStream {
    impls(channel, |_| TokenStream::new())
}

fn impls(channel: &Channel, crossing: fn(&Notice) -> TokenStream) -> TokenStream {
    let self_ty = &channel.self_ty;
    let kinds = channel.notices.iter().map(|notice| {
        let (Notice { cfgs, ty, call, .. }, crossing) = (notice, crossing(notice));
        let handler = call.name.unraw().to_string();
        // All tokens have the type's span, where the compiler reports a wrong notice.
        quote_spanned! {ty.span()=>
            #(#cfgs)*
            impl ::channel_runtime::NoticeFor<#self_ty> for #ty {
                const HANDLER: &'static ::core::primitive::str = #handler;
                #crossing
            }
        }
    });
    quote!(#(#kinds)*)
}

fn crossing(Notice { ty, is_here, .. }: &Notice) -> TokenStream {
    let crossing = if *is_here {
        quote!(::channel_runtime::private::Crossing::Here)
    } else {
        quote_spanned! {ty.span()=> {
            #[allow(unused_imports)]
            use ::channel_runtime::private::NotSerde as _;
            ::channel_runtime::private::CrossingOf::<#ty>::BY_SERDE
        }}
    };
    quote_spanned! {ty.span()=>
        const CROSSING: ::channel_runtime::private::Crossing<::channel_runtime::private::NoticeCodec<Self>> = #crossing;
    }
}

pub fn table(channel: &Channel) -> Option<TokenStream> {
    let entries = channel.notices.iter().map(|Notice { cfgs, ty, .. }| {
        let text = types::text(ty);
        quote_spanned!(ty.span()=> #(#cfgs)* ::channel_runtime::private::NoticeEntry::of::<Self, #ty>(#text))
    });
    (!channel.notices.is_empty())
        .then(|| quote!(const NOTICES: &'static [::channel_runtime::private::NoticeEntry] = &[#(#entries),*];))
}

pub fn method(channel: &Channel) -> Option<TokenStream> {
    let notices = channel.notices.iter().map(|Notice { cfgs, ty, call, .. }| {
        let ty = ty.to_token_stream();
        let handling = handling(call, call.unawaited_holding(ty.clone(), "__content"));
        quote! {
            #(#cfgs)*
            let __notice = match ::channel_runtime::private::Notice::into::<#ty>(__notice) {
                ::core::result::Result::Ok(__content) => return #handling,
                ::core::result::Result::Err(__notice) => __notice,
            };
        }
    });
    (!channel.notices.is_empty()).then(|| {
        quote! {
            fn noticed<'a>(
                &'a mut self,
                __notice: ::channel_runtime::private::Notice,
                __socket: &'a ::channel_runtime::Socket<Self>,
                __app: &'a ::channel_runtime::private::App<Self>,
            ) -> ::channel_runtime::private::Handling<'a> {
                #(#notices)*
                ::core::unreachable!("{__notice:?} has no handler")
            }
        }
    })
}
