//! The traits that a message's struct derives, in the attributes below `#[message]`.

use syn::punctuated::Punctuated;
use syn::{ItemStruct, Path, Token};

pub fn has_derive(item: &ItemStruct, name: &str) -> bool {
    derives(item).iter().any(|path| path.segments.last().is_some_and(|segment| segment.ident == name))
}

pub fn derives(item: &ItemStruct) -> Vec<Path> {
    let list = Punctuated::<Path, Token![,]>::parse_terminated;
    let attrs = item.attrs.iter().filter(|attr| attr.path().is_ident("derive"));
    // The compiler reports what doesn't parse.
    attrs.filter_map(|attr| attr.parse_args_with(list).ok()).flatten().collect()
}
