//! A message's type on the wire, `type = "move"`: how it is written, and which types are reserved.

use syn::parse::ParseStream;
use syn::{Ident, LitStr, Token};

use crate::syntax::args;
use crate::syntax::errors::Errors;

pub fn refuse_bare_string(input: ParseStream) -> syn::Result<()> {
    match input.fork().parse::<LitStr>() {
        Ok(literal) => {
            let text = literal.value();
            Err(syn::Error::new(literal.span(), format!("a message's type has a name\nwrite `type = {text:?}`")))
        }
        Err(_) => Ok(()),
    }
}

pub fn argument(place: &mut Option<LitStr>, name: &Ident, input: ParseStream, errors: &mut Errors) -> syn::Result<()> {
    let wire_type = value(input)?;
    check(&wire_type, errors);
    args::set(place, name, wire_type, errors);
    Ok(())
}

fn value(input: ParseStream) -> syn::Result<LitStr> {
    input.parse::<Token![=]>().map_err(|error| {
        syn::Error::new(error.span(), "a message's type is written with `=`\nwrite `type = \"..\"`")
    })?;
    if !input.peek(LitStr) {
        return Err(input.error("a message's type is a string\nwrite `type = \"..\"`"));
    }
    input.parse()
}

fn check(literal: &LitStr, errors: &mut Errors) {
    let text = literal.value();
    if text.is_empty() {
        errors.at(literal, "a message's type is not empty", "name what it says: `type = \"move_made\"`");
    } else if text.starts_with('(') {
        errors.at(
            literal,
            format_args!("the type \"{text}\" is reserved"),
            "types that begin with `(` are binary messages', as in `#[message(binary, kind = 1)]`",
        );
    }
}

/// The error of a type that the default envelope keeps for itself.
pub fn reserved(literal: &LitStr) -> Option<syn::Error> {
    let text = literal.value();
    let remedy = match &*text {
        "success" | "error" => "it is one of the framework's own answers; choose another name",
        _ if text.starts_with('$') => "types that begin with `$` are the framework's",
        _ => return None,
    };
    Some(syn::Error::new(literal.span(), format!("the type \"{text}\" is reserved\n{remedy}")))
}
