//! An attribute's arguments. After a bad one the next is still read.

use std::fmt::Display;

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt as _;
use syn::parse::discouraged::Speculative as _;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::{Attribute, Ident, LitInt, Token, Type, parenthesized, token};

use crate::syntax::errors::Errors;
use crate::syntax::names::{closest, one_of};
use crate::syntax::types::for_static;

/// After an error, reading goes on after the next comma.
pub fn each(
    tokens: TokenStream,
    errors: &mut Errors,
    mut argument: impl FnMut(ParseStream, &mut Errors) -> syn::Result<()>,
) {
    let last = tokens.clone().into_iter().last().map(|token| token.span());
    let all = |input: ParseStream| {
        while !input.is_empty() {
            let mut result = argument(input, errors);
            if result.is_ok() && !input.is_empty() && !input.peek(Token![,]) {
                result = Err(input.error("expected `,`"));
            }
            errors.take(result.map_err(|error| at_the_end(error, last)));
            skip(input)?;
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(())
    };
    let result = all.parse2(tokens);
    errors.take(result);
}

/// Moves an error about missing tokens to the last token: the parser would point at the whole attribute, or at the impl block.
fn at_the_end(error: syn::Error, last: Option<Span>) -> syn::Error {
    match (error.to_string().strip_prefix("unexpected end of input, "), last) {
        (Some(text), Some(last)) => syn::Error::new(last, text),
        _ => error,
    }
}

pub fn name(input: ParseStream) -> syn::Result<Ident> {
    input.call(Ident::parse_any)
}

pub fn value<T: Parse>(input: ParseStream) -> syn::Result<T> {
    input.parse::<Token![=]>()?;
    if input.is_empty() || input.peek(Token![,]) {
        return Err(input.error("a value is missing\nwrite it behind the `=`"));
    }
    input.parse()
}

/// The number after `=`, if it is a whole one above zero and has no unit: the error for the missing unit repeats it.
pub fn bare_number(input: ParseStream) -> Option<String> {
    let ahead = input.fork();
    ahead.parse::<Token![=]>().ok()?;
    let number = ahead.parse::<LitInt>().ok()?;
    let is_bare = number.suffix().is_empty() && number.base10_digits() != "0";
    is_bare.then(|| number.base10_digits().into())
}

pub fn set<T>(place: &mut Option<T>, name: &Ident, value: T, errors: &mut Errors) {
    match place {
        Some(_) => errors.at(name, format_args!("`{name}` is given twice"), "take one of them away"),
        None => *place = Some(value),
    }
}

/// Whether an argument stands alone, such as `optional`. If not, that is an error at what follows it.
pub fn is_flag(input: ParseStream, what: impl Display, remedy: impl Display, errors: &mut Errors) -> syn::Result<bool> {
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(true);
    }
    errors.push(input.error(format!("{what}\n{remedy}")));
    skip(input)?;
    Ok(false)
}

pub fn skip(input: ParseStream) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<proc_macro2::TokenTree>()?;
    }
    Ok(())
}

pub fn unknown(name: &Ident, attribute: &str, expected: &[&str]) -> syn::Error {
    let remedy = match closest(&name.to_string(), expected.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("expected {}", one_of(expected)),
    };
    syn::Error::new(name.span(), format!("`{attribute}` has no argument `{name}`\n{remedy}"))
}

/// A type in a list: `MoveMade` or `game::MoveMade as Moved`, perhaps behind `#[cfg(..)]`.
pub struct Listed {
    pub cfgs: Vec<Attribute>,
    pub ty: Type,
    pub rename: Option<Ident>,
}

impl Parse for Listed {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let cfgs = input.call(Attribute::parse_outer)?;
        let ty = for_static(&ty(input)?);
        let rename = match input.parse::<Option<Token![as]>>()? {
            Some(_) => Some(input.parse()?),
            None => None,
        };
        Ok(Self { cfgs, ty, rename })
    }
}

pub fn ty(input: ParseStream) -> syn::Result<Type> {
    let ahead = input.fork();
    match ahead.parse() {
        Ok(ty) => {
            input.advance_to(&ahead);
            Ok(ty)
        }
        Err(_) => Err(input.error("expected a type\nwrite the name of a struct")),
    }
}

pub fn list<T: Parse>(name: &Ident, input: ParseStream, errors: &mut Errors) -> syn::Result<Vec<T>> {
    if !input.peek(token::Paren) {
        return Err(syn::Error::new(name.span(), format!("`{name}` is a list\nwrite `{name}(A, B)`")));
    }
    let content;
    parenthesized!(content in input);
    let mut items = Vec::new();
    each(content.parse()?, errors, |input, errors| {
        // The message is read all the same, so that it is listed.
        if input.peek(Ident) && input.peek2(Ident) && input.fork().parse::<Ident>()? == "binary" {
            let binary: Ident = input.parse()?;
            let ty: TokenStream = input.fork().parse()?;
            let message = ty.into_iter().next().map(|token| token.to_string()).unwrap_or_default();
            let remedy = format!("write `{name}({message})`, and `#[message(binary, kind = 1)]` on the struct");
            errors.at(&binary, "whether a message is binary is written on its struct", remedy);
        }
        items.push(input.parse()?);
        Ok(())
    });
    Ok(items)
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn a_bad_argument_does_not_hide_the_next() {
        let mut errors = Errors::default();
        let mut seen = Vec::new();
        each(quote!(a = , b = u8 u8, c = Vec<u8, u8>, d = (u8, u8)), &mut errors, |input, _| {
            seen.push(name(input)?.to_string());
            value::<Type>(input).map(drop)
        });
        assert_eq!(seen, ["a", "b", "c", "d"]);
        assert_eq!(errors.messages().len(), 2);
    }

    #[test]
    fn a_bad_entry_of_a_list_does_not_hide_the_next() {
        let mut errors = Errors::default();
        let parser = |input: ParseStream| list::<Listed>(&Ident::new("sends", Span::call_site()), input, &mut errors);
        let listed = parser.parse2(quote!((A, , b::C as D, 1, E,))).unwrap();
        assert_eq!(
            listed.iter().map(|listed| crate::syntax::types::text(&listed.ty)).collect::<Vec<_>>(),
            ["A", "b::C", "E"]
        );
        assert_eq!(errors.messages().len(), 2);
    }

    #[test]
    fn an_unknown_argument_names_the_known_ones() {
        let ident = |name| Ident::new(name, Span::call_site());
        let expected = &["app", "rooms"];
        assert!(unknown(&ident("room"), "#[channel]", expected).to_string().ends_with("did you mean `rooms`?"));
        assert!(unknown(&ident("nothing"), "#[channel]", expected).to_string().ends_with("expected `app` or `rooms`"));
    }
}
