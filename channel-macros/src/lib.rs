//! The macros of channel-runtime, which re-exports them: use that crate, and read about them there.
//!
//! Each goes the same way: what is written is parsed into a plain model that holds the user's tokens, the rules are
//! checked (`errors` collects what is wrong with an item, all of it), and the model is expanded, which can't fail. After
//! an error the user's item is emitted all the same, and `fallback` beside it, so that the compiler has nothing to add.

mod channel;
mod channels;
mod describe;
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

#[doc = include_str!("../docs/channels.md")]
#[proc_macro]
pub fn channels(list: TokenStream) -> TokenStream {
    channels::expand_list(list.into()).into()
}
