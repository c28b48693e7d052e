//! `channels![ChatChannel, GameChannel]`: the list of an app's channels, its lock, and the
//! files that are generated from it. After an error the list still compiles.

mod expand;
mod generated_file;
mod lock_file;
mod model;
mod parse;
mod read;

use proc_macro2::TokenStream;
use quote::quote;

use crate::syntax::errors::Errors;

pub fn expand_list(tokens: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let list = parse::list(tokens, &mut errors);
    list.runtime.place(match errors.into_tokens() {
        None => expand::list(&list),
        Some(errors) => {
            let with = expand::with(&list.channels);
            quote!({ #errors #with })
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expansion(tokens: TokenStream) -> String {
        expand_list(tokens).to_string().replace(' ', "")
    }

    #[test]
    fn every_channel_is_compared_with_those_before_it() {
        let expansion = expansion(quote!(A, b::B, C,));
        for place in ["(__ROUTES,1usize)", "(__ROUTES,2usize)"] {
            assert_eq!(expansion.matches(place).count(), 1, "{expansion}");
        }
        assert!(
            expansion.ends_with("(((::channel_runtime::Channels::new()).with::<A>()).with::<b::B>()).with::<C>()}")
        );
    }

    #[test]
    fn a_list_with_an_error_still_has_the_other_channels() {
        for list in [quote!(A, =, B, A), quote!(A, B; crate = 7, lock)] {
            let expansion = expansion(list);
            assert_eq!(expansion.matches("compile_error").count(), 2, "{expansion}");
            assert!(expansion.ends_with(".with::<A>()).with::<B>()}"), "{expansion}");
        }
    }

    #[test]
    fn the_runtime_may_be_elsewhere() {
        let expansion = expansion(quote!(A; crate = rt));
        assert!(!expansion.contains("channel_runtime") && expansion.contains("(rt::Channels::new())"), "{expansion}");
    }
}
