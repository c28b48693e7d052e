//! The `where` clause of a channel's impls.

use proc_macro2::TokenStream;
use quote::quote;

use crate::channel::model::Channel;

/// For a struct that may be no channel, or not `Send`. The lifetime moves the check from the impl to each of its uses. For a struct
/// known to be sound the bound is left out: under it the compiler proves for each channel anew that a `Socket` is `Sync`, a
/// twentieth of the whole compile time.
pub fn if_route(channel: &Channel) -> Option<TokenStream> {
    let self_ty = &channel.self_ty;
    (!channel.struct_is_sound).then(|| quote!(where for<'__a> #self_ty: ::channel_runtime::Route))
}
