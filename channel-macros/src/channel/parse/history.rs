//! `history(size = 256, bytes = "256KiB", age = "5m", recent = 50)`, of the path's room and of declared kinds.

use syn::parse::ParseStream;
use syn::{Ident, LitInt, parenthesized, token};

use crate::channel::model::History;
use crate::syntax::args;
use crate::syntax::durations;
use crate::syntax::errors::Errors;
use crate::syntax::sizes;

const ARGUMENTS: [&str; 4] = ["size", "bytes", "age", "recent"];

const SIZE: usize = 256;
const BYTES: usize = 256 << 10;
const AGE: u64 = 5 * 60_000;

/// What stands behind the word. A bound with an error has its default.
pub fn bounds(word: &Ident, input: ParseStream, errors: &mut Errors) -> syn::Result<History> {
    let (mut size, mut bytes, mut age, mut recent) = (None, None, None, None);
    if input.peek(token::Paren) {
        let content;
        parenthesized!(content in input);
        args::each(content.parse()?, errors, |input, errors| {
            if input.peek(syn::Lit) {
                let what = "a bound of the history has a name\nwrite `history(size = 256)`";
                return Err(input.error(what));
            }
            let name = args::name(input)?;
            match name.to_string().as_str() {
                "size" => {
                    let what = "`size` is a number: how many messages are kept, one at the least\nwrite `size = 256`";
                    args::set(&mut size, &name, number(&name, 1, what, input)?.0, errors);
                }
                "bytes" => {
                    let bound = sizes::value(&name, "how many bytes are kept", "256KiB", input)?;
                    args::set(&mut bytes, &name, bound, errors);
                }
                "age" => {
                    let bound = durations::value(&name, "how long a message is kept", "5min", input)?;
                    args::set(&mut age, &name, bound, errors);
                }
                "recent" => {
                    let what = "`recent` is a number: how many of the newest messages are sent to a client that comes fresh\n\
                                write `recent = 50`";
                    args::set(&mut recent, &name, number(&name, 0, what, input)?, errors);
                }
                _ => return Err(args::unknown(&name, "history", &ARGUMENTS)),
            }
            Ok(())
        });
    } else {
        let remedy = "write `history`, or `history(size = 256)`";
        args::is_flag(input, "`history` has its bounds in parentheses", remedy, errors)?;
    }
    let size = size.unwrap_or(SIZE);
    let recent = match recent {
        Some((recent, literal)) if recent > size => {
            let what = format!("of {size} messages the newest {recent} can't be sent");
            let remedy = format!("write `size = {recent}` or more, or `recent = {size}` or less");
            errors.at(literal, what, remedy);
            size
        }
        Some((recent, _)) => recent,
        None => 0,
    };
    Ok(History { word: word.clone(), size, bytes: bytes.unwrap_or(BYTES), age: age.unwrap_or(AGE), recent })
}

fn number(name: &Ident, least: usize, what: &str, input: ParseStream) -> syn::Result<(usize, LitInt)> {
    input.parse::<syn::Token![=]>().map_err(|_| syn::Error::new(name.span(), what))?;
    let span = input.span();
    let literal = input.parse::<LitInt>().map_err(|_| syn::Error::new(span, what))?;
    let number = literal.base10_parse::<u32>().ok().map(|number| number as usize);
    number.filter(|number| *number >= least).map(|number| (number, literal)).ok_or_else(|| syn::Error::new(span, what))
}

#[cfg(test)]
mod tests {
    use proc_macro2::{Span, TokenStream};
    use quote::quote;
    use syn::parse::Parser as _;

    use super::*;

    fn read(tokens: TokenStream) -> (Option<[u64; 4]>, Vec<String>) {
        let mut errors = Errors::default();
        let word = Ident::new("history", Span::call_site());
        let history = (|input: ParseStream| bounds(&word, input, &mut errors)).parse2(tokens);
        let history = errors.take(history);
        let read = history.map(|read| [read.size as u64, read.bytes as u64, read.age, read.recent as u64]);
        (read, errors.messages())
    }

    #[test]
    fn what_is_not_said_is_the_default() {
        for (tokens, expected) in [
            (quote!(), [256, 262_144, 300_000, 0]),
            (quote!(()), [256, 262_144, 300_000, 0]),
            (quote!((size = 500, age = "10m")), [500, 262_144, 600_000, 0]),
            (quote!((recent = 256)), [256, 262_144, 300_000, 256]),
            (quote!((bytes = "1MiB", age = "1h", size = 20, recent = 0)), [20, 1 << 20, 3_600_000, 0]),
        ] {
            assert_eq!(read(tokens.clone()), (Some(expected), vec![]), "{tokens}");
        }
    }

    #[test]
    fn each_mistake_is_one_error() {
        for tokens in [
            quote!(= 256),
            quote!((256)),
            quote!((sise = 20)),
            quote!((ttl = "5m")),
            quote!((size)),
            quote!((size = 0)),
            quote!((size = -1)),
            quote!((size = "20")),
            quote!((size = 5_000_000_000)),
            quote!((size = 20, size = 30)),
            quote!((bytes = 1024)),
            quote!((bytes = "1MB")),
            quote!((bytes = "0KiB")),
            quote!((age = 5)),
            quote!((age = "5 minutes")),
            quote!((age = "0s")),
            quote!((age = "25h")),
            quote!((recent)),
            quote!((recent = "all")),
            quote!((size = 20, recent = 21)),
            quote!((recent = 257)),
        ] {
            let (_, errors) = read(tokens.clone());
            assert_eq!(errors.len(), 1, "{tokens}: {errors:?}");
        }
    }
}
