//! The list `subprotocols("kv.v1", "kv.v2", optional)`: names, and what happens to a client that offers none of them.

use proc_macro2::Ident;
use syn::parse::ParseStream;
use syn::{LitInt, LitStr, Token, parenthesized, token};

use crate::channel::model::{Otherwise, Subprotocols};
use crate::syntax::args;
use crate::syntax::errors::Errors;
use crate::syntax::names::closest;

/// A connection keeps the number of its subprotocol in a byte.
const MOST: usize = 64;

const EXAMPLE: &str = "`subprotocols(\"kv.v1\", \"kv.v2\")`";

/// The list behind `subprotocols`. Names with an error are left out.
pub fn list(name: &Ident, input: ParseStream, errors: &mut Errors) -> syn::Result<Subprotocols> {
    if !input.peek(token::Paren) {
        return Err(syn::Error::new(name.span(), format!("`{name}` is a list\nwrite {EXAMPLE}")));
    }
    let content;
    parenthesized!(content in input);
    let mut list = List::default();
    let before = errors.len();
    args::each(content.parse()?, errors, |input, errors| list.item(input, errors));
    if list.names.is_empty() && errors.len() == before {
        let what = format!("`{name}(..)` names no subprotocol");
        errors.at(name, what, format_args!("write those that clients may offer: {EXAMPLE}"));
    }
    Ok(Subprotocols { names: list.names, otherwise: list.otherwise.unwrap_or(Otherwise::Reject) })
}

#[derive(Default)]
struct List {
    names: Vec<LitStr>,
    otherwise: Option<Otherwise>,
}

impl List {
    fn item(&mut self, input: ParseStream, errors: &mut Errors) -> syn::Result<()> {
        if input.peek(LitStr) {
            self.name(input.parse()?, errors);
            return Ok(());
        }
        if input.peek(syn::Lit) {
            return Err(input.error(format!("a subprotocol's name is a string\nwrite {EXAMPLE}")));
        }
        if input.peek(token::Bracket) {
            return Err(input.error(format!("the names stand in the parentheses, without brackets\nwrite {EXAMPLE}")));
        }
        let option = args::name(input)?;
        let otherwise = match option.to_string().as_str() {
            "optional" => {
                args::is_flag(input, "`optional` has no value", "write `subprotocols(.., optional)`", errors)?;
                Otherwise::Accept
            }
            "close" => Otherwise::Close(close_code(&option, input)?),
            other => return Err(unknown(&option, other)),
        };
        match self.otherwise {
            None => self.otherwise = Some(otherwise),
            Some(first) if (first == Otherwise::Accept) == (otherwise == Otherwise::Accept) => {
                errors.at(&option, format_args!("`{option}` is given twice"), "take one of them away");
            }
            Some(_) => {
                let what = "a client that offers none of these subprotocols is either let in or closed";
                errors.at(&option, what, "take one of `optional` and `close = ..` away");
            }
        }
        Ok(())
    }

    fn name(&mut self, name: LitStr, errors: &mut Errors) {
        let text = name.value();
        if !is_token(&text) {
            let what = format!("{text:?} is no subprotocol");
            errors.at(name, what, "a name is made of letters, digits and `!#$%&'*+-.^_|~`, as clients offer it");
        } else if text.starts_with("channels.") {
            let what = format!("{text:?} is one of the framework's own names");
            let remedy = "take it away: each channel knows `channels.1.json`, and tokens are read without a list";
            errors.at(name, what, remedy);
        } else if self.names.iter().any(|other| other.value() == text) {
            errors.at(name, format_args!("{text:?} is listed twice"), "take one of them away");
        } else if self.names.len() == MOST {
            errors.at(name, format_args!("a channel has at most {MOST} subprotocols"), "take some of them away");
        } else {
            self.names.push(name);
        }
    }
}

fn close_code(option: &Ident, input: ParseStream) -> syn::Result<u16> {
    let usual = "write a number, such as `close = 4406`";
    let what = "`close` is the code of a Close frame";
    if !input.peek(Token![=]) {
        return Err(syn::Error::new(option.span(), format!("{what}\n{usual}")));
    }
    let literal: LitInt =
        args::value(input).map_err(|error| syn::Error::new(error.span(), format!("{what}\n{usual}")))?;
    match literal.base10_parse::<u16>() {
        Ok(code @ (1000..=1003 | 1007..=1014 | 3000..=4999)) if literal.suffix().is_empty() => Ok(code),
        Ok(_) | Err(_) => {
            let what = format!("`{literal}` is not the code of a Close frame");
            let remedy = "write one of 1000 to 1003, 1007 to 1014 or 3000 to 4999; your own are 4000 to 4999";
            Err(syn::Error::new(literal.span(), format!("{what}\n{remedy}")))
        }
    }
}

fn unknown(option: &Ident, text: &str) -> syn::Error {
    let remedy = match closest(text, ["optional", "close"]) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("write `optional` or `close = 4406`; a subprotocol's name is a string, `\"{text}\"`"),
    };
    syn::Error::new(option.span(), format!("`subprotocols(..)` has no option `{option}`\n{remedy}"))
}

/// A token of RFC 9110, section 5.6.2.
fn is_token(text: &str) -> bool {
    let is_of_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_of_token)
}

#[cfg(test)]
mod tests {
    use proc_macro2::{Span, TokenStream};
    use quote::quote;
    use syn::parse::Parser as _;

    use super::*;
    use crate::channel::expand;

    fn read(tokens: TokenStream) -> (String, Vec<String>) {
        let mut errors = Errors::default();
        let name = Ident::new("subprotocols", Span::call_site());
        let list = (|input: ParseStream| list(&name, input, &mut errors)).parse2(tokens);
        let list = errors.take(list);
        let constant = expand::subprotocols::constant(list.as_ref()).unwrap_or_default().to_string().replace(' ', "");
        let list = constant.rsplit_once("Subprotocols::").map_or("", |(_, list)| list).trim_end_matches(';');
        (list.into(), errors.messages())
    }

    #[test]
    fn what_is_listed_is_in_the_constant() {
        for (tokens, expected) in [
            (quote!(("kv.v1")), r#"of(&["kv.v1"])"#),
            (quote!(("kv.v1", "kv.v2",)), r#"of(&["kv.v1","kv.v2"])"#),
            (quote!(("echo.v1", optional)), r#"of(&["echo.v1"]).optional()"#),
            (quote!(("graphql-transport-ws", close = 4406)), r#"of(&["graphql-transport-ws"]).closing(4406u16)"#),
            (quote!(("!#$%&'*+-.^_`|~")), r#"of(&["!#$%&'*+-.^_`|~"])"#),
            (quote!(("Channels", "channels")), r#"of(&["Channels","channels"])"#),
        ] {
            assert_eq!(read(tokens), (expected.into(), vec![]));
        }
        assert_eq!(expand::subprotocols::constant(None).map(|tokens| tokens.to_string()), None);
    }

    #[test]
    fn each_mistake_is_one_error() {
        for tokens in [
            quote!(),
            quote!(= "kv.v1"),
            quote!(()),
            quote!((optional)),
            quote!(("")),
            quote!(("a b")),
            quote!(("a,b")),
            quote!(("ä")),
            quote!(("a", "a")),
            quote!(("channels.1.json")),
            quote!(("channels.token.abc")),
            quote!((7)),
            quote!((["a"])),
            quote!(("a", optional = true)),
            quote!(("a", optional(true))),
            quote!(("a", option)),
            quote!(("a", soap)),
            quote!(("a", close)),
            quote!(("a", close = "4406")),
            quote!(("a", close = 999)),
            quote!(("a", close = 1005)),
            quote!(("a", close = 5000)),
            quote!(("a", close = 70000)),
            quote!(("a", optional, close = 4406)),
            quote!(("a", close = 4406, close = 4407)),
        ] {
            let (_, errors) = read(tokens.clone());
            assert_eq!(errors.len(), 1, "{tokens}: {errors:?}");
        }
    }

    #[test]
    fn a_byte_numbers_all_names() {
        let names = |count: usize| (0..count).map(|at| format!("v{at}")).collect::<Vec<_>>();
        let (most, over) = (names(MOST), names(MOST + 1));
        assert_eq!(read(quote!((#(#most),*))).1, [""; 0]);
        assert_eq!(read(quote!((#(#over),*))).1.len(), 1);
    }
}
