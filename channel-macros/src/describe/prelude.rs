//! The import that generated descriptions begin with.

use proc_macro2::TokenStream;
use quote::quote;

pub fn names() -> TokenStream {
    quote!(
        #[allow(unused_imports)]
        use ::channel_runtime::private::shapes::{self as __s, NoAnswer as _, Undescribed as _};
    )
}
