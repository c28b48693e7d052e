//! The traits that a message's struct derives, in the attributes below `#[message]`.

use syn::punctuated::Punctuated;
use syn::{Attribute, Path, Token};

pub fn has_derive(attrs: &[Attribute], name: &str) -> bool {
    derives(attrs).iter().any(|path| path.segments.last().is_some_and(|segment| segment.ident == name))
}

pub fn derives(attrs: &[Attribute]) -> Vec<Path> {
    let list = Punctuated::<Path, Token![,]>::parse_terminated;
    let attrs = attrs.iter().filter(|attr| attr.path().is_ident("derive"));
    // The compiler reports what doesn't parse.
    attrs.filter_map(|attr| attr.parse_args_with(list).ok()).flatten().collect()
}
