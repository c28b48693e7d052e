//! The table of the handlers' options, and which handlers run side by side.

use proc_macro2::TokenStream;
use quote::quote;

use crate::channel::model::{Channel, Handler, HandlerOptions};

/// Whether a handler runs side by side with the concurrent ones: there are some, and it does not take `&mut self`.
pub fn overlaps(channel: &Channel, handler: &Handler) -> bool {
    !handler.call.takes_mut_self && channel.handlers.iter().any(|other| other.options.concurrent().is_some())
}

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
    Some(quote!(const OPTIONS: &'static [::channel_runtime::private::HandlerOptions] = &[#(#table),*];))
}

fn entry(options: &HandlerOptions, shares: Option<TokenStream>) -> TokenStream {
    let timeout = options.timeout.as_ref().map(|(_, timeout)| quote!(.within(#timeout)));
    let beside = match &options.concurrent {
        Some((_, most)) => Some(quote!(.concurrent(#most))),
        None => shares,
    };
    let idempotent = options.idempotent.as_ref().map(|_| quote!(.idempotent()));
    quote!(::channel_runtime::private::HandlerOptions::PLAIN #timeout #beside #idempotent)
}
