//! From the handlers of notices: `NoticeFor` for each type, and the method of `Dispatch` that calls them.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;

use super::answers::handling;
use crate::channel::model::{Channel, Notice};

pub fn kinds(channel: &Channel) -> TokenStream {
    let self_ty = &channel.self_ty;
    let kinds = channel.notices.iter().map(|Notice { cfgs, ty, call }| {
        let handler = call.name.unraw().to_string();
        // All tokens have the type's span, where the compiler reports a wrong notice.
        quote_spanned! {ty.span()=>
            #(#cfgs)*
            impl ::channel_runtime::NoticeFor<#self_ty> for #ty {
                const HANDLER: &'static ::core::primitive::str = #handler;
            }
        }
    });
    quote!(#(#kinds)*)
}

pub fn method(channel: &Channel) -> Option<TokenStream> {
    let notices = channel.notices.iter().map(|Notice { cfgs, ty, call }| {
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
