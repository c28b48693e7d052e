//! Structs and methods that are being typed: one error for each part that can't be read, and all other parts are used.

use proc_macro2::{Delimiter, Ident, Spacing, TokenStream, TokenTree};
use quote::quote;
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Attribute, Field, Fields, FieldsNamed, Generics, ItemStruct, Visibility};

use crate::syntax::errors::Errors;

const UNTYPED: &str = "__Untyped";

/// A field whose type can't be read gets a placeholder, with an error.
pub fn structure(item: TokenStream, errors: &mut Errors) -> syn::Result<ItemStruct> {
    syn::parse2(item.clone()).or_else(|error| {
        let read_fields = |input: ParseStream| read(input, errors);
        read_fields.parse2(item).map_err(|_| error)
    })
}

fn read(input: ParseStream, errors: &mut Errors) -> syn::Result<ItemStruct> {
    let attrs = input.call(Attribute::parse_outer)?;
    let vis = input.parse()?;
    let struct_token = input.parse()?;
    let ident = input.parse()?;
    let mut generics: Generics = input.parse()?;
    generics.where_clause = input.parse()?;
    let content;
    let brace_token = syn::braced!(content in input);
    let named = split(content.parse()?).into_iter().filter_map(|tokens| field(tokens, errors)).collect();
    let fields = Fields::Named(FieldsNamed { brace_token, named });
    Ok(ItemStruct { attrs, vis, struct_token, ident, generics, fields, semi_token: None })
}

/// A field ends at a comma, and before the next `name:` if its comma is missing.
fn split(tokens: TokenStream) -> Vec<TokenStream> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut fields = vec![TokenStream::new()];
    let mut has_colon = false;
    for (at, token) in tokens.iter().enumerate() {
        if is_punct(token, ',') {
            fields.push(TokenStream::new());
            has_colon = false;
            continue;
        }
        if has_colon && begins_field(&tokens[at..]) {
            fields.push(TokenStream::new());
            has_colon = false;
        }
        has_colon |= is_single_colon(&tokens[..=at], tokens.get(at + 1));
        fields.last_mut().expect("there is a first").extend([token.clone()]);
    }
    fields.retain(|field| !field.is_empty());
    fields
}

fn begins_field(tokens: &[TokenTree]) -> bool {
    match tokens {
        [TokenTree::Punct(hash), TokenTree::Group(_), rest @ ..] if hash.as_char() == '#' => begins_field(rest),
        [TokenTree::Ident(word), TokenTree::Group(group), rest @ ..]
            if word == "pub" && group.delimiter() == Delimiter::Parenthesis =>
        {
            begins_field(rest)
        }
        [TokenTree::Ident(word), rest @ ..] if word == "pub" => begins_field(rest),
        [TokenTree::Ident(_), colon, rest @ ..] => {
            is_punct(colon, ':') && is_single_colon(std::slice::from_ref(colon), rest.first())
        }
        _ => false,
    }
}

fn is_single_colon(tokens: &[TokenTree], next: Option<&TokenTree>) -> bool {
    let is_joint = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.spacing() == Spacing::Joint);
    match tokens {
        [.., before, last] if is_punct(last, ':') && is_punct(before, ':') && is_joint(before) => false,
        [.., last] => is_punct(last, ':') && !(is_joint(last) && next.is_some_and(|next| is_punct(next, ':'))),
        [] => false,
    }
}

fn is_punct(token: &TokenTree, char: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == char)
}

fn field(tokens: TokenStream, errors: &mut Errors) -> Option<Field> {
    if let Ok(field) = Field::parse_named.parse2(tokens.clone()) {
        return Some(field);
    }
    let named = |input: ParseStream| {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis: Visibility = input.parse()?;
        let name: Ident = input.parse()?;
        input.parse::<TokenStream>()?;
        Ok((attrs, vis, name))
    };
    let Ok((attrs, vis, name)) = named.parse2(tokens.clone()) else {
        errors.at(tokens, "this is no field", "write `name: Type`");
        return None;
    };
    errors.at_span(name.span(), format_args!("the field `{name}` has no type"), format_args!("write `{name}: Type`"));
    // No such type exists. Next to an error of a macro the compiler ignores that.
    let untyped = Ident::new(UNTYPED, name.span());
    Field::parse_named.parse2(quote!(#(#attrs)* #vis #name: #untyped)).ok()
}

/// The error for a method that can't be read, if the framework would call it by its name or marker. The marker is removed.
pub fn method(
    tokens: &mut TokenStream,
    is_called: impl Fn(&str) -> bool,
    is_marker: impl Fn(&syn::Path) -> bool,
    errors: &mut Errors,
) {
    let mut all: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let before = all.len();
    while let Some(at) = all.windows(2).position(|pair| attribute(pair).is_some_and(|path| is_marker(&path))) {
        all.drain(at..at + 2);
    }
    let is_marked = all.len() < before;
    let name = all.windows(2).find_map(|pair| match pair {
        [TokenTree::Ident(word), TokenTree::Ident(name)] if word == "fn" => Some(name),
        _ => None,
    });
    if let Some(name) = name
        && (is_marked || is_called(&name.unraw().to_string()))
    {
        errors.at(name, format_args!("the signature of `{name}` can't be read"), "each argument is `name: Type`");
    }
    *tokens = all.into_iter().collect();
}

fn attribute(pair: &[TokenTree]) -> Option<syn::Path> {
    let [hash, TokenTree::Group(group)] = pair else { return None };
    let is_attribute = is_punct(hash, '#') && group.delimiter() == Delimiter::Bracket;
    let path = |input: ParseStream| {
        let path = input.call(syn::Path::parse_mod_style)?;
        input.parse::<TokenStream>()?;
        Ok(path)
    };
    path.parse2(group.stream()).ok().filter(|_| is_attribute)
}

#[cfg(test)]
mod tests {
    use quote::ToTokens as _;

    use super::*;

    fn fields(body: TokenStream) -> (Vec<String>, Vec<String>) {
        let mut errors = Errors::default();
        let item = structure(quote!(#[a] pub(crate) struct Move { #body }), &mut errors).unwrap();
        let fields = item.fields.iter().map(|field| {
            let text = field.to_token_stream().to_string();
            text.replace(' ', "").replace(UNTYPED, "?")
        });
        (fields.collect(), errors.messages())
    }

    #[test]
    fn a_struct_that_can_be_read_is_as_it_was() {
        let (all, errors) = fields(quote!(pub from: Square, #[state(7)] to: Vec<u8>));
        assert_eq!(all, ["pubfrom:Square", "#[state(7)]to:Vec<u8>"]);
        assert_eq!(errors, [""; 0]);
    }

    #[test]
    fn a_field_without_a_type_hides_no_other() {
        for (body, expected) in [
            (quote!(from: u8, to: , by: u8), ["from:u8", "to:?", "by:u8"]),
            (quote!(from: u8, to: by: u8), ["from:u8", "to:?", "by:u8"]),
            (quote!(from: u8, to, by: u8), ["from:u8", "to:?", "by:u8"]),
            (quote!(from: u8, to: #[extract] pub(super) by: u8), ["from:u8", "to:?", "#[extract]pub(super)by:u8"]),
            (quote!(from: std::net::, to: u8, by: u8), ["from:?", "to:u8", "by:u8"]),
            (quote!(from: u8, #[state] to: Vec<, by: u8), ["from:u8", "#[state]to:?", "by:u8"]),
        ] {
            let (all, errors) = fields(body.clone());
            assert_eq!((all, errors.len()), (expected.map(String::from).into(), 1), "{body}");
        }
    }

    #[test]
    fn what_has_no_name_is_told_and_left_away() {
        let (all, errors) = fields(quote!(from: u8, #[state]));
        assert_eq!(all, ["from:u8"]);
        assert_eq!(errors, ["this is no field\nwrite `name: Type`"]);
    }

    #[test]
    fn a_handler_without_a_signature_is_told_once_and_not_marked() {
        let method = |tokens: TokenStream| {
            let (mut tokens, mut errors) = (tokens, Errors::default());
            let is_marker = |path: &syn::Path| path.segments.last().unwrap().ident == "message";
            super::method(&mut tokens, |name| name == "on_connect", is_marker, &mut errors);
            (tokens.to_string().replace(' ', ""), errors.messages().len())
        };
        let told = method(quote!(#[inline] #[rt::message(type = "x")] async fn say(&self, m: ) { m. }));
        assert_eq!(told, ("#[inline]asyncfnsay(&self,m:){m.}".into(), 1));
        assert_eq!(method(quote!(fn on_connect(&self, ) )).1, 1);
        assert_eq!(method(quote!(fn plain(&self, m: ) {})).1, 0);
        assert_eq!(
            method(quote!(
                const MESSAGE: u8 = 7;
            )),
            ("constMESSAGE:u8=7;".into(), 0)
        );
    }
}
