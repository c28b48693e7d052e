//! From the handlers of batches: `InBatches` for each message, and the method of `Dispatch` that submits them.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;

use super::envelope::named;
use crate::channel::model::{Batch, Channel, Handler};
use crate::syntax::spans::beside_locals;

pub fn kinds(channel: &Channel) -> TokenStream {
    let self_ty = &channel.self_ty;
    let kinds = of(channel).map(|(Handler { cfgs, payload, call, .. }, Batch { size, wait, answer: declared })| {
        let (ty, handler, wait) = (payload.tokens(), call.name.unraw().to_string(), wait);
        let (tokens, answer) = (call.tokens_of(self_ty, "__batch"), call.answer("__reply"));
        let declared = match declared {
            None => quote!(
                type Answer = ::channel_runtime::private::AnyReply;
            ),
            Some(declared) => {
                let declared = named(declared.to_token_stream(), self_ty);
                let may_be_nothing = quote_spanned! {beside_locals(declared.span())=>
                    <#declared as ::channel_runtime::Reply<#self_ty>>::ANSWER.may_be_nothing()
                };
                quote! {
                    const MAY_BE_NOTHING: ::core::primitive::bool = #may_be_nothing;

                    type Answer = #declared;
                }
            }
        };
        quote! {
            #(#cfgs)*
            impl ::channel_runtime::private::InBatches<#self_ty> for #ty
            where
                for<'__a> #self_ty: ::channel_runtime::Channel,
            {
                const HANDLER: &'static ::core::primitive::str = #handler;
                const SIZE: ::core::primitive::usize = #size;
                const WAIT: ::core::time::Duration = ::core::time::Duration::from_millis(#wait);
                #declared

                async fn run(
                    __batch: ::std::vec::Vec<::channel_runtime::Batched<#self_ty, Self, Self::Answer>>,
                    __app: &::channel_runtime::private::App<#self_ty>,
                ) -> ::core::result::Result<(), ::channel_runtime::Fault> {
                    let __reply = #tokens;
                    ::channel_runtime::private::batch_done(#answer)
                }
            }
        }
    });
    quote!(#(#kinds)*)
}

pub fn methods(channel: &Channel) -> Option<TokenStream> {
    of(channel).next()?;
    let from_client = channel.name_from_client();
    let is_batched = channel.handlers.iter().map(|Handler { cfgs, batch, .. }| {
        let is_batched = batch.is_some();
        quote!(#(#cfgs)* #is_batched)
    });
    let arms = of(channel).map(|(Handler { cfgs, variant, payload, .. }, _)| {
        let at = beside_locals(payload.tokens().span());
        let submit = quote_spanned!(at=> ::channel_runtime::private::BatchEntry::submit);
        quote!(#(#cfgs)* #from_client::#variant(__message) => #submit(__to, __message),)
    });
    Some(quote! {
        const BATCHED: &'static [::core::primitive::bool] = &[#(#is_batched),*];

        fn submit(
            __message: #from_client,
            __to: ::channel_runtime::private::BatchEntry<'_, Self>,
        ) -> ::channel_runtime::private::Handling<'_> {
            match __message {
                #(#arms)*
                #[allow(unreachable_patterns)]
                _ => ::core::unreachable!("it has a handler of its own"),
            }
        }
    })
}

fn of(channel: &Channel) -> impl Iterator<Item = (&Handler, &Batch)> {
    channel.handlers.iter().filter_map(|handler| Some((handler, handler.batch.as_ref()?)))
}
