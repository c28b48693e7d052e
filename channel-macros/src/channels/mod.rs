//! `channels![ChatChannel, GameChannel]`: all channels of an app, and no two of them for the same requests.

mod lock;
mod lock_file;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned as _;

use self::lock::Lock;
use crate::errors::Errors;
use crate::runtime::{self, Runtime};
use crate::{args, spans};

pub fn expand(tokens: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let (list, options) = split(tokens);
    let channels = parse(list, &mut errors);
    let Options { lock, runtime } = Options::parse(options, &mut errors);
    let overlaps = overlaps(&channels);
    // In parentheses that stand at the channel, so that all of the call does, and what is wrong with it is told there.
    let with = channels.iter().fold(quote!(::channel_runtime::Channels::new()), |list, channel| {
        let mut list = Group::new(Delimiter::Parenthesis, list);
        list.set_span(channel.span());
        quote_spanned!(channel.span()=> #list.with::<#channel>())
    });
    runtime.place(match errors.into_tokens() {
        None => {
            let (checks, accept) = lock.map(|lock| lock.expand(&channels)).unwrap_or_default();
            quote!({ #overlaps #checks #accept #with })
        }
        Some(errors) => quote!({ #errors #with }),
    })
}

/// The channels, and what stands behind a `;`.
fn split(tokens: TokenStream) -> (TokenStream, TokenStream) {
    let is_semicolon = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';');
    let mut tokens = tokens.into_iter();
    let list = tokens.by_ref().take_while(|token| !is_semicolon(token)).collect();
    (list, tokens.collect())
}

/// What stands behind the `;`.
#[derive(Default)]
struct Options {
    lock: Option<Lock>,
    runtime: Runtime,
}

impl Options {
    fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let (mut all, mut file) = (Self::default(), None);
        args::each(tokens, errors, |input, errors| {
            let name = args::name(input)?;
            match name.to_string().as_str() {
                "lock" => args::set(&mut file, &name, lock::value(input)?, errors),
                "crate" => args::set(&mut all.runtime.0, &name, runtime::value(input)?, errors),
                _ => return Err(args::unknown(&name, "channels!", &["lock", "crate"])),
            }
            Ok(())
        });
        all.lock = file.and_then(|file| Lock::read(file, errors));
        all
    }
}

fn parse(tokens: TokenStream, errors: &mut Errors) -> Vec<Type> {
    let mut channels: Vec<Type> = Vec::new();
    args::each(tokens, errors, |input, errors| {
        let channel = args::ty(input)?;
        let text = spans::text(&channel);
        if channels.iter().any(|other| spans::text(other) == text) {
            errors.at(&channel, format_args!("`{text}` is listed twice"), "take one of them away");
        } else {
            channels.push(channel);
        }
        Ok(())
    });
    channels
}

/// Each stands at the second of the two, or of more, and is a constant of its own, so that several errors show at once.
fn overlaps(channels: &[Type]) -> TokenStream {
    if channels.len() < 2 {
        return TokenStream::new();
    }
    let routes: Vec<_> = channels
        .iter()
        .map(|channel| quote_spanned!(channel.span()=> <#channel as ::channel_runtime::Route>::ROUTE))
        .collect();
    let checks = channels.iter().enumerate().skip(1).map(|(at, second)| {
        quote_spanned! {second.span()=>
            const _: () = ::channel_runtime::private::unambiguous(__ROUTES, #at);
        }
    });
    quote! {
        const __ROUTES: &[(&::core::primitive::str, ::channel_runtime::private::Path)] = &[#(#routes),*];
        #(#checks)*
        // What is no channel is an error of the constant. Said here in the same words, and first, it is one of the list too, and
        // the compiler says it once.
        #(_ = #routes;)*
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expansion(tokens: TokenStream) -> String {
        expand(tokens).to_string().replace(' ', "")
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
