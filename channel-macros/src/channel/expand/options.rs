//! The options of a channel's handlers, as a constant table; and which handlers run side by side.

use proc_macro2::TokenStream;
use quote::quote;

use crate::channel::model::{Channel, Handler, HandlerOptions};

/// Whether a handler may run beside those of its channel that are concurrent, and they beside it: one that does not take `&mut self`,
/// where there are such.
pub fn overlaps(channel: &Channel, handler: &Handler) -> bool {
    !handler.call.takes_mut_self && channel.handlers.iter().any(|other| other.options.concurrent().is_some())
}

/// The turns of a channel's handlers, where one of them has anything of its own.
pub fn table(channel: &Channel) -> Option<TokenStream> {
    if channel.handlers.iter().all(|handler| handler.options.is_plain()) {
        return None;
    }
    let table = channel.handlers.iter().map(|handler| {
        let Handler { cfgs, options, call, .. } = handler;
        let is_async = call.is_async;
        let shared = overlaps(channel, handler).then(|| quote!(.sharing(#is_async)));
        let options = entry(options, shared);
        quote!(#(#cfgs)* #options)
    });
    Some(quote!(const TURNS: &'static [::channel_runtime::private::Turn] = &[#(#table),*];))
}

/// `shares` is where others may run beside it.
fn entry(options: &HandlerOptions, shares: Option<TokenStream>) -> TokenStream {
    let timeout = options.timeout.as_ref().map(|(_, timeout)| quote!(.within(#timeout)));
    let beside = match &options.concurrent {
        Some((_, most)) => Some(quote!(.concurrent(#most))),
        None => shares,
    };
    quote!(::channel_runtime::private::Turn::PLAIN #timeout #beside)
}
