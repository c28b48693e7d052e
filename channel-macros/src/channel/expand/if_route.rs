//! The bound under which a channel's impls hold.

use proc_macro2::TokenStream;
use quote::quote;

use crate::channel::model::Channel;

/// For a struct that is no channel's, or not `Send`: with a lifetime in it the compiler leaves the bound to those who use the impl,
/// and takes it for true within.
///
/// Under a bound it proves anew for each channel what it knows of those before, that a `Socket` can be shared: a twentieth of
/// all its time. So the bound is left out where the struct has been seen and the impl can't be in want of it.
pub fn if_route(channel: &Channel) -> Option<TokenStream> {
    let self_ty = &channel.self_ty;
    (!channel.struct_is_sound).then(|| quote!(where for<'__a> #self_ty: ::channel_runtime::Route))
}
