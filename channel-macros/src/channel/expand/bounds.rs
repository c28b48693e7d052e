//! The channel's own limits, as a constant of its `Route`.

use proc_macro2::TokenStream;
use quote::quote;

use crate::channel::model::Bounds;

pub fn constant(bounds: &Bounds) -> Option<TokenStream> {
    let message = bounds.message_bytes.map(|bytes| quote!(.message_bytes(#bytes)));
    let outbox = bounds.outbox_bytes.map(|bytes| quote!(.outbox_bytes(#bytes)));
    let connection = bounds.message_rate.map(|[count, seconds, burst]| quote!(.message_rate(#count, #seconds, #burst)));
    let user = bounds
        .message_rate_per_user
        .map(|[count, seconds, burst]| quote!(.message_rate_per_user(#count, #seconds, #burst)));
    (*bounds != Bounds::default()).then(|| {
        quote! {
            const BOUNDS: ::channel_runtime::private::Bounds =
                ::channel_runtime::private::Bounds::NONE #message #outbox #connection #user;
        }
    })
}
