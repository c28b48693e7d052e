//! A message's rate, in its description.

use proc_macro2::TokenStream;
use quote::quote;

use crate::syntax::rate::Limit;

pub fn limited(limit: &Limit) -> Option<TokenStream> {
    let [count, seconds, burst] = limit.rate()?;
    let per_user = limit.is_per_user();
    Some(quote!(.limited(#count, #seconds, #burst, #per_user)))
}
