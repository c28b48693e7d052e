//! `presence = Seen`, or `presence(Seen, grace = "10s", every = "250ms", diffs_up_to = 200)`.

use syn::parse::ParseStream;
use syn::{Ident, LitInt, Token, Type, parenthesized, token};

use crate::channel::model::Presence;
use crate::syntax::args;
use crate::syntax::durations;
use crate::syntax::errors::Errors;
use crate::syntax::types::for_static;

const ARGUMENTS: [&str; 3] = ["grace", "every", "diffs_up_to"];

const GRACE: u64 = 10_000;
const EVERY: u64 = 250;
const DIFFS_UP_TO: usize = 200;

const USAGE: &str = "write `presence = Seen`, or `presence(Seen, grace = \"10s\")`";

/// What stands behind the word. A bound with an error has its default.
pub fn of(word: &Ident, input: ParseStream, errors: &mut Errors) -> syn::Result<Presence> {
    let (mut seen, mut grace, mut every, mut diffs_up_to) = (None, None, None, None);
    if input.peek(token::Paren) {
        let content;
        parenthesized!(content in input);
        args::each(content.parse()?, errors, |input, errors| {
            let is_type = !input.peek(syn::Lit) && !input.peek2(Token![=]);
            if is_type && seen.is_none() {
                seen = Some(for_static(&args::ty(input)?));
                return Ok(());
            }
            if is_type || input.peek(syn::Lit) {
                return Err(input.error("a bound of the presence has a name\nwrite `presence(Seen, grace = \"10s\")`"));
            }
            let name = args::name(input)?;
            match name.to_string().as_str() {
                "grace" => {
                    let bound = durations::value(&name, "how long who was lost is still present", "10s", input)?;
                    args::set(&mut grace, &name, bound, errors);
                }
                "every" => {
                    let bound = durations::value(&name, "how often it is told who has come and gone", "250ms", input)?;
                    args::set(&mut every, &name, bound, errors);
                }
                "diffs_up_to" => args::set(&mut diffs_up_to, &name, number(&name, input)?, errors),
                _ => return Err(args::unknown(&name, "presence", &ARGUMENTS)),
            }
            Ok(())
        });
    } else if input.peek(Token![=]) {
        seen = Some(for_static(&args::value::<Type>(input)?));
    }
    let no_type = || syn::Error::new(word.span(), format!("`presence` names what is seen of a connection\n{USAGE}"));
    Ok(Presence {
        seen: seen.ok_or_else(no_type)?,
        grace: grace.unwrap_or(GRACE),
        every: every.unwrap_or(EVERY),
        diffs_up_to: diffs_up_to.unwrap_or(DIFFS_UP_TO),
    })
}

fn number(name: &Ident, input: ParseStream) -> syn::Result<usize> {
    let what = "`diffs_up_to` is a number: with more connections than this their number alone is told\n\
                write `diffs_up_to = 200`";
    input.parse::<Token![=]>().map_err(|_| syn::Error::new(name.span(), what))?;
    let span = input.span();
    let literal = input.parse::<LitInt>().map_err(|_| syn::Error::new(span, what))?;
    literal.base10_parse::<u32>().map(|number| number as usize).map_err(|_| syn::Error::new(span, what))
}

#[cfg(test)]
mod tests {
    use proc_macro2::{Span, TokenStream};
    use quote::quote;
    use syn::parse::Parser as _;

    use super::*;
    use crate::syntax::types::text;

    fn read(tokens: TokenStream) -> (Option<(String, [u64; 3])>, Vec<String>) {
        let mut errors = Errors::default();
        let word = Ident::new("presence", Span::call_site());
        let presence = (|input: ParseStream| of(&word, input, &mut errors)).parse2(tokens);
        let presence = errors.take(presence);
        let read = presence.map(|read| (text(&read.seen), [read.grace, read.every, read.diffs_up_to as u64]));
        (read, errors.messages())
    }

    #[test]
    fn what_is_not_said_is_the_default() {
        for (tokens, seen, bounds) in [
            (quote!(= Seen), "Seen", [10_000, 250, 200]),
            (quote!(= doc::Seen<u8>), "doc::Seen<u8>", [10_000, 250, 200]),
            (quote!((Seen)), "Seen", [10_000, 250, 200]),
            (quote!((Seen, grace = "1min")), "Seen", [60_000, 250, 200]),
            (quote!((every = "1s", doc::Seen, diffs_up_to = 0)), "doc::Seen", [10_000, 1000, 0]),
        ] {
            assert_eq!(read(tokens.clone()), (Some((seen.to_owned(), bounds)), vec![]), "{tokens}");
        }
    }

    #[test]
    fn each_mistake_is_one_error() {
        for tokens in [
            quote!(),
            quote!(=),
            quote!(()),
            quote!((grace = "10s")),
            quote!((Seen, Seen)),
            quote!((Seen, "10s")),
            quote!((Seen, grase = "10s")),
            quote!((Seen, grace)),
            quote!((Seen, grace = 10)),
            quote!((Seen, grace = "0s")),
            quote!((Seen, grace = "10s", grace = "11s")),
            quote!((Seen, every = "25h")),
            quote!((Seen, diffs_up_to = "all")),
            quote!((Seen, diffs_up_to = -1)),
            quote!((Seen, diffs_up_to = 5_000_000_000)),
        ] {
            let (_, errors) = read(tokens.clone());
            assert_eq!(errors.len(), 1, "{tokens}: {errors:?}");
        }
    }
}
