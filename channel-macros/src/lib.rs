//! The macros of channel-runtime.
use proc_macro::TokenStream;

/// A message.
#[proc_macro_attribute]
pub fn message(_: TokenStream, item: TokenStream) -> TokenStream {
    item
}
