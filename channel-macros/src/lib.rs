//! The macros of channel-runtime. That crate re-exports and documents them.
//!
//! Each macro reads its input into a plain model that holds the user's tokens, checks it, and expands it. All errors of an item are
//! reported at once, and the expansion can't fail. After an error the user's item is still emitted, with a fallback beside it, so
//! that the compiler adds no error of its own.
//!
//! Each folder imports only those before it: `syntax`, `describe`, `fault`, `message`, `channel`, `channels`.

mod channel;
mod channels;
mod describe;
mod fault;
mod message;
mod syntax;

use proc_macro::TokenStream;

#[doc = include_str!("../docs/channel.md")]
#[doc = ""]
#[doc = include_str!("../docs/expansion.md")]
#[proc_macro_attribute]
pub fn channel(args: TokenStream, item: TokenStream) -> TokenStream {
    channel::expand_attribute(args.into(), item.into()).into()
}

#[doc = include_str!("../docs/message.md")]
#[proc_macro_attribute]
pub fn message(args: TokenStream, item: TokenStream) -> TokenStream {
    message::expand_attribute(args.into(), item.into()).into()
}

/// Describes a type's form on the wire: see the trait of this name.
#[proc_macro_derive(Describe, attributes(describe, serde))]
pub fn describe(item: TokenStream) -> TokenStream {
    describe::expand_derive(item.into()).into()
}

#[doc = include_str!("../docs/fault.md")]
#[proc_macro_derive(Fault, attributes(fault, serde, describe))]
pub fn fault(item: TokenStream) -> TokenStream {
    fault::expand_derive(item.into()).into()
}

#[doc = include_str!("../docs/channels.md")]
#[proc_macro]
pub fn channels(list: TokenStream) -> TokenStream {
    channels::expand_list(list.into()).into()
}
