//! The `where` clause of a channel's impls.

use proc_macro2::TokenStream;
use quote::quote;

use crate::channel::model::Channel;

/// `where Self: Route`, for a struct that may be no channel, or not `Send`. The lifetime makes the compiler check the bound at each
/// use of the impl, and not at the impl.
///
/// Under a bound the compiler proves for each channel anew that a `Socket` is `Sync`, a twentieth of the whole compile time. So the
/// bound is left out if the struct was expanded before without an error.
pub fn if_route(channel: &Channel) -> Option<TokenStream> {
    let self_ty = &channel.self_ty;
    (!channel.struct_is_sound).then(|| quote!(where for<'__a> #self_ty: ::channel_runtime::Route))
}
