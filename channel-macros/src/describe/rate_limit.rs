//! A message's rate, and whether it is deprecated, in its description.

use proc_macro2::TokenStream;
use quote::quote;

use crate::syntax::rate::Limit;

pub fn limited(limit: &Limit) -> Option<TokenStream> {
    let [count, seconds, burst] = limit.rate()?;
    let per_user = limit.is_per_user();
    Some(quote!(.limited(#count, #seconds, #burst, #per_user)))
}

pub fn deprecated(note: Option<&str>) -> Option<TokenStream> {
    note.map(|note| quote!(.deprecated(#note)))
}
