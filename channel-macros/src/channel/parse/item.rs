//! The item below `#[channel]`: a struct, an impl block, or an error.

use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Attribute, ItemStruct, Token, Visibility};

use crate::syntax::errors::Errors;
use crate::syntax::impl_block::ImplBlock;
use crate::syntax::incomplete;

pub enum Item {
    Struct(ItemStruct),
    Impl(ImplBlock),
}

/// An error that is returned is the only one.
pub fn parse(item: TokenStream, errors: &mut Errors) -> syn::Result<Item> {
    match kind.parse2(item.clone()) {
        Ok(Kind::Struct) => incomplete::structure(item, errors).map(Item::Struct),
        Ok(Kind::Impl) => syn::parse2(item).map(Item::Impl),
        Ok(Kind::Other) | Err(_) => Err(no_channel(&item)),
    }
}

enum Kind {
    Struct,
    Impl,
    Other,
}

fn kind(input: ParseStream) -> syn::Result<Kind> {
    input.call(Attribute::parse_outer)?;
    input.parse::<Visibility>()?;
    let kind = if input.peek(Token![struct]) {
        Kind::Struct
    } else if input.peek(Token![impl]) || input.peek(Token![unsafe]) && input.peek2(Token![impl]) {
        Kind::Impl
    } else {
        Kind::Other
    };
    input.parse::<TokenStream>()?;
    Ok(kind)
}

fn no_channel(item: &TokenStream) -> syn::Error {
    let place = match syn::parse2(item.clone()) {
        Ok(syn::Item::Enum(item)) => item.ident.into_token_stream(),
        Ok(syn::Item::Union(item)) => item.ident.into_token_stream(),
        Ok(syn::Item::Trait(item)) => item.ident.into_token_stream(),
        Ok(syn::Item::Fn(item)) => item.sig.ident.into_token_stream(),
        Ok(syn::Item::Mod(item)) => item.ident.into_token_stream(),
        _ => item.clone(),
    };
    let text = "a channel is a struct and its impl block\n\
                put `#[channel(\"/path\")]` on the struct and `#[channel]` on its impl block";
    syn::Error::new_spanned(place, text)
}
