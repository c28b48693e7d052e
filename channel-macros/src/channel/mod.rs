//! `#[channel(..)]`: on a struct it declares where a channel is served, on its impl block what the channel does.
//!
//! `parse` reads the item into `model`, `check` knows the rules, and `expand` writes the code.

mod check;
mod expand;
mod model;
mod parse;

use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemStruct;

use self::check::{declared, second_block};
use self::parse::item::{self, Item};
use self::parse::{block, route};
use crate::syntax::errors::Errors;
use crate::syntax::impl_block::ImplBlock;

pub fn expand_attribute(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    match item::parse(item.clone(), &mut errors) {
        Ok(Item::Struct(structure)) => expand_struct(args, structure, errors),
        Ok(Item::Impl(block)) => expand_impl(args, block, errors),
        Err(error) => {
            let error = error.to_compile_error();
            quote!(#item #error)
        }
    }
}

fn expand_struct(args: TokenStream, item: ItemStruct, mut errors: Errors) -> TokenStream {
    let (item, route) = route::parse(args, item, &mut errors);
    let errors = errors.into_tokens();
    declared::remember(&route, errors.is_none());
    match errors {
        None => {
            let expansion = route.runtime.place(expand::route(&route));
            quote!(#item #expansion)
        }
        Some(errors) => {
            let fallback = route.runtime.place(expand::route_fallback(&route));
            quote!(#errors #item #fallback)
        }
    }
}

fn expand_impl(args: TokenStream, mut block: ImplBlock, mut errors: Errors) -> TokenStream {
    let channel = block::parse(args, &mut block, &mut errors);
    let not_marked = channel.is_none().then(|| expand::no_channel(&block.self_ty));
    let channel = channel.filter(|channel| !second_block::check(&channel.name, &block, &mut errors));
    let expansion = match (channel, errors.into_tokens()) {
        (Some(channel), None) => channel.runtime.place(expand::block(&channel)),
        (Some(channel), Some(errors)) => {
            let fallback = channel.runtime.place(expand::block_fallback(&channel));
            quote!(#errors #fallback)
        }
        (None, errors) => quote!(#errors #not_marked),
    };
    quote!(#block #expansion)
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
