//! `#[channel(..)]`: on the struct it says where a channel stands, on the impl block what it does.

mod answer;
mod arguments;
pub mod batches;
mod bindings;
mod bodies;
mod bounds;
mod declared;
mod deferrals;
pub mod expand_handlers;
pub mod expand_hooks;
mod expand_messages;
pub mod expand_route;
mod fields;
mod foreign;
mod foreign_hooks;
pub mod handlers;
mod hooks;
mod lent;
mod lists;
pub mod messages;
mod misplaced;
pub mod notices;
mod rooms;
pub mod route;
mod turns;
mod unmarked;

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::parse::{ParseStream, Parser as _};
use syn::{Attribute, Item, Token, Visibility};

use crate::fallback;
use crate::syntax::errors::Errors;
use crate::syntax::expanded_before;
use crate::syntax::impl_block::ImplBlock;
use crate::syntax::incomplete;
use crate::syntax::types;

/// What the attribute stands on, told from its first tokens alone.
enum Kind {
    Struct,
    Impl,
    Other,
}

pub fn expand_attribute(args: TokenStream, item: TokenStream) -> TokenStream {
    let expanded = match kind.parse2(item.clone()) {
        Ok(Kind::Struct) => expand_struct(args, item.clone()),
        Ok(Kind::Impl) => syn::parse2(item.clone()).map(|parsed| expand_impl(args, parsed)),
        Ok(Kind::Other) | Err(_) => Err(no_channel(&item)),
    };
    expanded.unwrap_or_else(|error| {
        let error = error.to_compile_error();
        quote!(#item #error)
    })
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
        Ok(Item::Enum(item)) => item.ident.into_token_stream(),
        Ok(Item::Union(item)) => item.ident.into_token_stream(),
        Ok(Item::Trait(item)) => item.ident.into_token_stream(),
        Ok(Item::Fn(item)) => item.sig.ident.into_token_stream(),
        Ok(Item::Mod(item)) => item.ident.into_token_stream(),
        _ => item.clone(),
    };
    let text = "a channel is a struct and its impl block\n\
                put `#[channel(\"/path\")]` on the struct and `#[channel]` on its impl block";
    syn::Error::new_spanned(place, text)
}

fn expand_struct(args: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let mut errors = Errors::default();
    let item = incomplete::structure(item, &mut errors)?;
    let (item, route) = route::parse(args, item, &mut errors);
    let errors = errors.into_tokens();
    declared::remember(&route, errors.is_none());
    Ok(match errors {
        None => {
            let expansion = route.runtime.place(expand_route::expand(&route));
            quote!(#item #expansion)
        }
        Some(errors) => {
            let fallback = route.runtime.place(fallback::route(&route));
            quote!(#errors #item #fallback)
        }
    })
}

fn expand_impl(args: TokenStream, mut block: ImplBlock) -> TokenStream {
    let mut errors = Errors::default();
    let mut channel = handlers::parse(args, &mut block, &mut errors);
    let told = channel.is_none().then(|| told(&block.self_ty));
    if channel.as_ref().is_some_and(|channel| expanded_before::has_another(&channel.name, block.span())) {
        let what = format!("`{}` has a `#[channel]` impl block already", types::text(&block.self_ty));
        let remedy = "put all handlers and hooks into one; plain methods may stand in a block without `#[channel]`";
        errors.at(&block.self_ty, what, remedy);
        channel = None;
    }
    let expansion = match (channel, errors.into_tokens()) {
        (Some(channel), None) => channel.lists.runtime.place(expand_handlers::expand(&channel)),
        (Some(channel), Some(errors)) => {
            let fallback = channel.lists.runtime.place(fallback::handlers(&channel));
            quote!(#errors #fallback)
        }
        (None, errors) => quote!(#errors #told),
    };
    quote!(#block #expansion)
}

/// For a block that is no channel's as it stands: the struct is not to say that there is none.
fn told(self_ty: &syn::Type) -> Option<TokenStream> {
    let is_plain = types::last_segment(self_ty)?.arguments.is_none();
    is_plain.then(|| {
        quote! {
            impl #self_ty {
                #[doc(hidden)]
                pub const __CHANNEL_NOT_MARKED: ::core::primitive::bool = true;
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expansion(args: &str, item: &str) -> String {
        expand_attribute(args.parse().unwrap(), item.parse().unwrap()).to_string().replace(' ', "")
    }

    #[test]
    fn a_half_typed_body_is_no_error_of_ours() {
        let block = "impl Game { #[message] async fn make_move(&mut self, m: Move) { let x = m. } }";
        let expansion = expansion("sends(Moved)", block);
        assert!(!expansion.contains("compile_error"), "{expansion}");
        assert!(expansion.starts_with("implGame{asyncfnmake_move(&mutself,m:Move){letx=m.}}"), "{expansion}");
    }

    #[test]
    fn the_block_survives_every_error() {
        for args in ["sends", "sends(", "sends(,)", "nonsense", "\"/game\"", "= ="] {
            let Ok(args) = args.parse::<TokenStream>() else { continue };
            let text = args.to_string();
            let expansion =
                expand_attribute(args, "impl Game { fn seat(&self) -> u8 { 7 } }".parse().unwrap()).to_string();
            let expansion = expansion.replace(' ', "");
            assert!(expansion.contains("compile_error"), "{text}");
            assert!(expansion.contains("implGame{fnseat(&self)->u8{7}}"), "{text}");
            assert!(expansion.contains("ChannelforGame"), "{text}: others still find a channel");
        }
    }

    #[test]
    fn the_struct_survives_every_error_without_our_attributes() {
        for args in ["", "\"game\"", "\"/:other\"", "\"/game\", ap = App", "7", "= ="] {
            let expansion = expansion(args, "pub struct Game { #[extract] user: User, #[state(7)] lives: u8 }");
            assert!(expansion.contains("compile_error"), "{args}");
            assert!(expansion.contains("pubstructGame{user:User,lives:u8}"), "{args}");
            assert!(expansion.contains("RouteforGame"), "{args}: others still find a channel");
        }
    }

    #[test]
    fn what_is_no_channel_survives() {
        for item in ["enum Game { A }", "fn game() {}", "trait Game {}", "impl Play for Game { fn play(&self) {} }"] {
            let expansion = expansion("\"/game\"", item);
            assert!(expansion.contains("compile_error") && expansion.contains(&item.replace(' ', "")), "{expansion}");
        }
    }
}
