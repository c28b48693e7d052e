//! The item below `#[message]`: a struct, or an error.

use proc_macro2::TokenStream;
use syn::{Ident, Item, ItemEnum, ItemStruct};

use crate::syntax::errors::Errors;
use crate::syntax::expanded_before;
use crate::syntax::impl_block::Method;
use crate::syntax::incomplete;

const A_STRUCT: &str = "a message is a struct, with its fields as the JSON object's keys";

pub enum NotAStruct {
    Enum(Box<ItemEnum>),
    Other { is_first_of_unmarked_block: bool },
}

pub fn parse(
    item: TokenStream,
    is_binary: impl FnOnce() -> bool,
    errors: &mut Errors,
) -> Result<ItemStruct, NotAStruct> {
    let parsed = syn::parse2::<Item>(item.clone())
        .or_else(|error| incomplete::structure(item.clone(), errors).map(Item::Struct).map_err(|_| error));
    match parsed {
        Ok(Item::Struct(item)) => Ok(item),
        Ok(Item::Enum(item)) => {
            match is_binary() {
                true => errors.at(
                    &item.ident,
                    "a binary message is a struct",
                    format_args!(
                        "keep the enum, with serde's derives, and wrap it: `#[message(binary, kind = 1, codec = ..)] struct Name({});`",
                        item.ident
                    ),
                ),
                false => errors.at(&item.ident, A_STRUCT, "make each of these variants a message of its own"),
            }
            Err(NotAStruct::Enum(Box::new(item)))
        }
        other => Err(NotAStruct::Other { is_first_of_unmarked_block: refuse(&other, &item, errors) }),
    }
}

/// Returns whether it is the first handler of an impl block without `#[channel]`.
fn refuse(parsed: &syn::Result<Item>, item: &TokenStream, errors: &mut Errors) -> bool {
    match parsed {
        Ok(Item::Union(item)) => errors.at(&item.ident, A_STRUCT, "make this a `struct`"),
        Ok(Item::Fn(item)) if item.sig.receiver().is_some() => return no_handler(&item.sig.ident, errors),
        Ok(Item::Fn(item)) => errors.at(
            &item.sig.ident,
            "a handler stands in an impl block marked `#[channel]`",
            "put `#[channel]` on the impl block, or `#[message]` on a struct",
        ),
        Ok(other) => errors.at(other, A_STRUCT, "put `#[message(type = \"..\")]` on a struct"),
        Err(_) => match method_name(item) {
            Some(name) => return no_handler(&name, errors),
            None => errors.at(item, A_STRUCT, "put `#[message(type = \"..\")]` on a struct"),
        },
    }
    false
}

fn no_handler(method: &Ident, errors: &mut Errors) -> bool {
    let Some(unmarked) = expanded_before::unmarked(method) else { return false };
    let Some(channel) = &unmarked.channel else {
        let what = "a handler stands in an impl block marked `#[channel]`";
        errors.at(method, what, "put `#[channel]` on the impl block");
        return false;
    };
    let what = format!("`impl {channel}` has a handler, but no `#[channel]`");
    errors.at(method, what, format_args!("put `#[channel]` on the block: `#[channel] impl {channel} {{ .. }}`"));
    unmarked.is_first
}

fn method_name(item: &TokenStream) -> Option<Ident> {
    let method: Method = syn::parse2(item.clone()).ok()?;
    Some(method.sig.ident)
}
