//! The arguments of a call in a body, read as tokens.

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::{Expr, LitInt, Token};

pub fn two(arguments: &TokenStream) -> Option<(Expr, Expr)> {
    if !has_comma(arguments) {
        return None;
    }
    let parser = Punctuated::<Expr, Token![,]>::parse_terminated;
    let mut arguments = parser.parse2(arguments.clone()).ok()?.into_iter();
    match (arguments.next(), arguments.next(), arguments.next()) {
        (Some(first), Some(second), None) => Some((first, second)),
        _ => None,
    }
}

/// What the argument looks like: text or JSON.
pub fn text(arguments: &TokenStream) -> Option<&'static str> {
    let tokens: Vec<TokenTree> = arguments.clone().into_iter().collect();
    match &tokens[..] {
        [TokenTree::Literal(literal)] => literal.to_string().ends_with(['"', '#']).then_some("a text"),
        [TokenTree::Ident(name), TokenTree::Punct(bang), TokenTree::Group(_)] if bang.as_char() == '!' => {
            match name.to_string().as_str() {
                "format" => Some("a text"),
                "json" => Some("a JSON value"),
                _ => None,
            }
        }
        [
            TokenTree::Ident(name),
            TokenTree::Punct(_),
            TokenTree::Punct(_),
            TokenTree::Ident(from),
            TokenTree::Group(_),
        ] if name == "String" && from == "from" => Some("a text"),
        [.., TokenTree::Punct(dot), TokenTree::Ident(name), TokenTree::Group(_)]
            if dot.as_char() == '.' && name == "to_string" =>
        {
            Some("a text")
        }
        _ => None,
    }
}

/// The mistake in the arguments of `close`: a number in place of a code, or `Some(None)` for a missing reason.
pub fn close_code(arguments: &TokenStream) -> Option<Option<String>> {
    match arguments.clone().into_iter().next() {
        Some(TokenTree::Literal(literal)) => {
            let number = literal.to_string();
            number.starts_with(|char: char| char.is_ascii_digit()).then_some(Some(number))
        }
        _ => (!has_comma(arguments)).then_some(None),
    }
}

pub fn named_close_code(literal: &str) -> String {
    let number =
        syn::parse_str::<LitInt>(literal).and_then(|literal| literal.base10_parse::<u16>()).unwrap_or_default();
    let name = match number {
        1000 => "NORMAL",
        1001 => "GOING_AWAY",
        1002 => "PROTOCOL",
        1003 => "UNSUPPORTED",
        1007 => "INVALID_DATA",
        1008 => "POLICY",
        1009 => "TOO_BIG",
        1011 => "INTERNAL",
        1012 => "RESTART",
        1013 => "TRY_AGAIN",
        4400 => "BAD_REQUEST",
        4401 => "UNAUTHORIZED",
        4403 => "FORBIDDEN",
        4404 => "NOT_FOUND",
        4429 => "TOO_MANY",
        1010 | 1014 | 3000..=4999 => return format!("write `CloseCode::new({number}).unwrap()`"),
        _ => {
            return "write `CloseCode::NORMAL`, or a code of your own, 4000 to 4999: `CloseCode::new(4001).unwrap()`"
                .into();
        }
    };
    format!("write `CloseCode::{name}`")
}

pub fn has_comma(tokens: &TokenStream) -> bool {
    tokens.clone().into_iter().any(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ','))
}
