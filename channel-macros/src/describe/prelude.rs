//! The names that descriptions are written with.

use proc_macro2::TokenStream;
use quote::quote;

/// What all else here is written with.
pub fn names() -> TokenStream {
    quote!(
        #[allow(unused_imports)]
        use ::channel_runtime::private::shapes::{self as __s, NoAnswer as _, Undescribed as _};
    )
}
