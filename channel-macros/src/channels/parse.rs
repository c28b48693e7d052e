//! From the tokens of `channels![..]` to [`List`], with every error. The files that it names are read in `read`.

use std::path::Path;

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::parse::ParseStream;
use syn::{LitStr, Type, parenthesized, token};

use super::model::{Client, List, Named, kind};
use super::read;
use crate::syntax::args;
use crate::syntax::errors::Errors;
use crate::syntax::runtime_path::{self, Runtime};
use crate::syntax::types;

const OPTIONS: [&str; 6] = ["lock", "client", "asyncapi", "schemas", "cluster", "crate"];

pub fn list(tokens: TokenStream, errors: &mut Errors) -> List {
    let (list, behind) = split(tokens);
    let (channels, misplaced) = channels(list, errors);
    let before = errors.len();
    let (named, cluster, runtime) = options(behind, errors);
    // What is not as it is meant to be is not held against the files.
    let files = if errors.len() == before { read::files(named, errors) } else { None };
    List { channels, files, cluster: cluster.or(misplaced), runtime }
}

fn split(tokens: TokenStream) -> (TokenStream, TokenStream) {
    let is_semicolon = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';');
    let mut tokens = tokens.into_iter();
    let list = tokens.by_ref().take_while(|token| !is_semicolon(token)).collect();
    (list, tokens.collect())
}

fn options(tokens: TokenStream, errors: &mut Errors) -> (Named, Option<Ident>, Runtime) {
    let (mut runtime, mut named, mut cluster) = (Runtime::default(), Named::default(), None);
    args::each(tokens, errors, |input, errors| {
        let name = args::name(input)?;
        match name.to_string().as_str() {
            "lock" => args::set(&mut named.lock, &name, lock(input)?, errors),
            "client" => {
                let client = client(&name, input, errors)?;
                args::set(&mut named.client, &name, client, errors);
            }
            "asyncapi" => args::set(&mut named.asyncapi, &name, json(&name, input)?, errors),
            "schemas" => args::set(&mut named.schemas, &name, json(&name, input)?, errors),
            "cluster" => {
                let what = "`cluster` is a word by itself: which bus it is, the program says when it starts";
                let remedy = "write `channels![..; cluster].over(Nats::at(\"nats://bus:4222\")).await?`";
                args::is_flag(input, what, remedy, errors)?;
                args::set(&mut cluster, &name, name.clone(), errors);
            }
            "crate" => args::set(&mut runtime.0, &name, runtime_path::value(input)?, errors),
            _ => return Err(args::unknown(&name, "channels!", &OPTIONS)),
        }
        Ok(())
    });
    (named, cluster, runtime)
}

/// The channels, and the word `cluster` if it stands among them.
fn channels(tokens: TokenStream, errors: &mut Errors) -> (Vec<Type>, Option<Ident>) {
    let (mut channels, mut cluster): (Vec<Type>, _) = (Vec::new(), None);
    args::each(tokens, errors, |input, errors| {
        if let Some(option) = option_among_channels(input) {
            let what = format!("`{option}` stands behind a semicolon");
            let value = if option == "cluster" { "" } else { " = .." };
            let remedy = format!("write `channels![..; {option}{value}]`");
            errors.at(&option, what, remedy);
            if option == "cluster" {
                cluster = Some(option);
            }
            return args::skip(input);
        }
        let channel = args::ty(input)?;
        let text = types::text(&channel);
        if channels.iter().any(|other| types::text(other) == text) {
            errors.at(&channel, format_args!("`{text}` is listed twice"), "take one of them away");
        } else {
            channels.push(channel);
        }
        Ok(())
    });
    (channels, cluster)
}

/// The name of an option behind a comma, where only channels stand.
fn option_among_channels(input: ParseStream) -> Option<Ident> {
    let ahead = input.fork();
    let name: Ident = ahead.parse().ok()?;
    let has_value = ahead.peek(syn::Token![=]) || ahead.peek(token::Paren);
    let is_word = name == "cluster" && (ahead.is_empty() || ahead.peek(syn::Token![,]));
    let is_option = OPTIONS.iter().any(|option| name == option) && name != "crate";
    (is_word || is_option && has_value).then_some(name)
}

fn lock(input: ParseStream) -> syn::Result<LitStr> {
    let remedy = "write `lock = \"channels.lock\"`";
    let literal =
        value(input).map_err(|error| syn::Error::new(error.span(), format!("a lock is a file's name\n{remedy}")))?;
    relative(&literal, "a lock", remedy)?;
    Ok(literal)
}

fn value(input: ParseStream) -> syn::Result<LitStr> {
    input.parse::<syn::Token![=]>()?;
    input.parse()
}

fn json(name: &Ident, input: ParseStream) -> syn::Result<LitStr> {
    let remedy = format!("write `{name} = \"web/{name}.json\"`");
    let literal = value(input)
        .map_err(|error| syn::Error::new(error.span(), format!("`{name}` is the name of a file\n{remedy}")))?;
    relative(&literal, format_args!("`{name}`"), &remedy)?;
    if !literal.value().ends_with(".json") {
        return Err(syn::Error::new(
            literal.span(),
            format!("`{name}` is JSON, and its name ends with `.json`\n{remedy}"),
        ));
    }
    Ok(literal)
}

fn client(name: &Ident, input: ParseStream, errors: &mut Errors) -> syn::Result<Client> {
    let remedy = "write `client = \"web/channels.ts\"`, or `client(\"web/channels.ts\", react, bigint)`";
    let no_name = |error: syn::Error| syn::Error::new(error.span(), format!("a client is a file's name\n{remedy}"));
    if !input.peek(token::Paren) {
        let file = value(input).map_err(no_name)?;
        client_name(&file, remedy)?;
        return Ok(Client { file, react: false, bigint: false });
    }
    let content;
    parenthesized!(content in input);
    let file: LitStr = content.parse().map_err(|error: syn::Error| {
        if content.is_empty() { no_name(syn::Error::new(name.span(), "")) } else { no_name(error) }
    })?;
    client_name(&file, remedy)?;
    if !content.is_empty() {
        content.parse::<syn::Token![,]>()?;
    }
    let (mut react, mut bigint) = (None, None);
    args::each(content.parse()?, errors, |input, errors| {
        let name = args::name(input)?;
        match name.to_string().as_str() {
            "react" => args::set(&mut react, &name, (), errors),
            "bigint" => args::set(&mut bigint, &name, (), errors),
            _ => return Err(args::unknown(&name, "client", &["react", "bigint"])),
        }
        Ok(())
    });
    Ok(Client { file, react: react.is_some(), bigint: bigint.is_some() })
}

fn client_name(file: &LitStr, remedy: &str) -> syn::Result<()> {
    relative(file, "a client", remedy)?;
    let name = file.value();
    let flaw = match () {
        () if name.ends_with(".d.ts") => "declarations are written beside the `.js` that they declare",
        () if kind(&name).is_none() => "a client is TypeScript or JavaScript, and its name ends with `.ts` or `.js`",
        () => return Ok(()),
    };
    Err(syn::Error::new(file.span(), format!("{flaw}\n{remedy}")))
}

/// Files are found from the package's directory on, on each machine.
fn relative(literal: &LitStr, what: impl std::fmt::Display, remedy: &str) -> syn::Result<()> {
    let name = literal.value();
    let flaw = match () {
        () if name.is_empty() => format!("{what}'s file has a name"),
        () if Path::new(&name).has_root() => {
            format!("{what}'s name begins at the directory of the package's Cargo.toml")
        }
        () => return Ok(()),
    };
    Err(syn::Error::new(literal.span(), format!("{flaw}\n{remedy}")))
}
