//! `Route::build`: makes a channel's value from the path's parameters and the handshake. `Route::room_at`: the room, from the
//! parameters alone.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;

use crate::channel::model::{OtherField, Param, Route, Source};
use crate::syntax::spans::{self, beside_locals};
use crate::syntax::types;

/// The parameters are read first, so that an unknown path is 404 whatever the extractors return.
pub fn build(route: &Route) -> TokenStream {
    let app = route.app.as_ref().map_or_else(|| quote!(()), |app| quote!(#app));
    let params = params(route);
    let params = (!params.is_empty()).then(|| quote!(let (#(#params,)*) = __read_params(__params)?;));
    let extracts = route.fields.iter().map(|OtherField { name, ty, cfgs, source }| {
        let local = local(name);
        match source {
            Source::Extract => {
                // All tokens but the locals have the type's span, so that the compiler's errors for a missing extractor are one.
                // For an extractor made from another they have that of its first token.
                let is_made_from_another = ["Option", "Auth", "Jwt"].iter().any(|name| types::is_named(ty, name));
                let end = if is_made_from_another { ty.span() } else { spans::end(ty) };
                let (locals, extract) = (quote!(__handshake, __app), quote!(::channel_runtime::Extract<#app>));
                let arguments = quote_spanned!(end=> (#locals));
                let value = quote_spanned!(ty.span()=> <#ty as #extract>::extract #arguments.await?);
                quote!(#(#cfgs)* let #local = #value;)
            }
            Source::State(_) => TokenStream::new(),
        }
    });
    let set_params = route.params.iter().map(|Param { name, .. }| {
        let local = local(name);
        quote!(#name: #local)
    });
    let set_others = route.fields.iter().map(|OtherField { name, ty, cfgs, source }| {
        let value = match source {
            Source::Extract => {
                let local = local(name);
                quote!(#local)
            }
            // A value of the wrong type is reported together with the field's type.
            Source::State(Some(value)) => quote!({
                let __first: #ty = #value;
                __first
            }),
            Source::State(None) => {
                quote_spanned!(ty.span()=> <#ty as ::channel_runtime::private::FirstValue>::first_value())
            }
        };
        quote!(#(#cfgs)* #name: #value)
    });
    quote! {
        async fn build(
            __handshake: &::channel_runtime::Handshake,
            __params: &::channel_runtime::private::Params,
            __app: &Self::App,
        ) -> ::core::result::Result<Self, ::channel_runtime::private::BuildError> {
            #params
            #(#extracts)*
            ::core::result::Result::Ok(Self { #(#set_params,)* #(#set_others,)* })
        }
    }
}

/// A function that reads the path's parameters: one, so that a type that can't be read from a path is one error.
pub fn read_params(route: &Route) -> Option<TokenStream> {
    let types = route.params.iter().map(|Param { ty, .. }| ty);
    let values = route.params.iter().enumerate().map(|(index, Param { ty, .. })| {
        let read = quote_spanned!(ty.span()=> <#ty as ::channel_runtime::private::FromPath>::from_path);
        quote!(::channel_runtime::private::param(#read, __params, #index)?)
    });
    (!route.params.is_empty()).then(|| {
        quote! {
            fn __read_params(
                __params: &::channel_runtime::private::Params,
            ) -> ::core::result::Result<(#(#types,)*), ::channel_runtime::private::BuildError> {
                ::core::result::Result::Ok((#(#values,)*))
            }
        }
    })
}

pub fn room_at(route: &Route) -> TokenStream {
    let params = params(route);
    let read = (!params.is_empty()).then(|| quote!(let (#(#params,)*) = __read_params(__params).ok()?;));
    quote! {
        fn room_at(
            __params: &::channel_runtime::private::Params,
        ) -> ::core::option::Option<::channel_runtime::Room<Self>> {
            #read
            ::core::option::Option::Some(Self::room(#(&#params),*))
        }
    }
}

fn params(route: &Route) -> Vec<syn::Ident> {
    route.params.iter().map(|Param { name, .. }| local(name)).collect()
}

/// A field may be named as an argument is: `handshake`.
fn local(name: &syn::Ident) -> syn::Ident {
    format_ident!("__field_{}", name.unraw(), span = beside_locals(name.span()))
}
