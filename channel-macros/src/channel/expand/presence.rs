//! What is seen of who is present: the type and its bounds, and the checks that it can be seen and that a hook says it.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;

use crate::channel::model::{Presence, Route};
use crate::describe;
use crate::describe::types::Context;
use crate::syntax::spans::beside_locals;
use crate::syntax::types::text;

/// In `Route`.
pub fn constant(route: &Route) -> Option<TokenStream> {
    let Presence { seen, grace, every, diffs_up_to, .. } = route.presence.as_ref()?;
    let (names, ty) = (describe::names(), Context::default().ty(seen));
    Some(quote! {
        const PRESENCE: ::core::option::Option<::channel_runtime::private::shapes::PresenceShape> = {
            #names
            ::core::option::Option::Some(__s::PresenceShape {
                seen: #ty,
                bounds: ::channel_runtime::private::PresenceBounds::new(#grace, #every, #diffs_up_to),
            })
        };
    })
}

/// `HasPresence`, by which sockets and audiences know the type.
pub fn stated(route: &Route) -> Option<TokenStream> {
    let (name, Presence { seen, .. }) = (&route.name, route.presence.as_ref()?);
    let ty = quote_spanned!(seen.span()=> type Seen = #seen;);
    Some(quote! {
        impl ::channel_runtime::HasPresence for #name {
            #ty
        }
    })
}

/// That a hook says what is seen, and that it is an object.
pub fn checks(route: &Route) -> Option<TokenStream> {
    let (name, Presence { seen, .. }) = (&route.name, route.presence.as_ref()?);
    let shown = text(seen);
    let span = beside_locals(seen.span());
    let asked = quote_spanned!(span=> ::channel_runtime::private::asked::<#name>(#shown));
    let object = quote_spanned!(span=> ::channel_runtime::private::seen(__presence.seen));
    Some(quote! {
        const _: () = #asked;

        const _: () = if let ::core::option::Option::Some(__presence) =
            <#name as ::channel_runtime::Route>::PRESENCE
        {
            #object
        };
    })
}
