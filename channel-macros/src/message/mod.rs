//! `#[message(type = "move")]` on a struct.

mod shape;

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::{Attribute, Fields, Generics, Ident, Item, ItemStruct, LitStr, Path, Token};

use crate::args;
use crate::channel::blocks;
use crate::describe::content::{self, Container};
use crate::describe::types::{Context, Own};
use crate::errors::Errors;
use crate::limits::Limit;
use crate::runtime::{self, Runtime};
use crate::serde_arguments::serde_arguments;
use crate::spans::beside_locals;
use crate::{describe, fallback, half_typed};

pub fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let parsed = syn::parse2::<Item>(item.clone())
        .or_else(|error| half_typed::structure(item.clone(), &mut errors).map(Item::Struct).map_err(|_| error));
    let Ok(Item::Struct(mut item)) = parsed else {
        let told = no_struct(&parsed, &item, &mut errors);
        let errors = errors.into_tokens();
        return quote!(#item #told #errors);
    };
    let args = Args::parse(args, &mut errors);
    if args.wire_type.is_none() && errors.is_empty() {
        let remedy = "write `#[message(type = \"..\")]`";
        errors.at_span(
            proc_macro2::Span::call_site(),
            format_args!("the message `{}` has no type", item.ident),
            remedy,
        );
    }
    refuse_generics(&item.generics, &mut errors);
    shape::check(&item, &mut errors);
    let shape = shape(&item, &mut errors);
    let limit = args.limit.tokens();
    let shape = quote!(#shape #limit);
    if !has_derive(&item, "Describe") {
        describe::strip(&mut item.fields);
    }
    if args.serde.is_none() {
        refuse_own_derives(&item, &mut errors);
    }
    match (args.wire_type, errors.into_tokens()) {
        (Some(wire_type), None) => {
            let check = args.validate.map(|validate| check(&item, &validate));
            expand_struct(&item, &wire_type, args.serde.is_none(), &args.runtime, &shape, check)
        }
        (_, errors) => {
            let (item, fallback) = fallback::message(&item, args.serde.is_some());
            let fallback = args.runtime.place(fallback);
            quote!(#errors #item #fallback)
        }
    }
}

/// The arguments on a struct.
struct Args {
    wire_type: Option<LitStr>,
    /// The user derives `Serialize` and `Deserialize`.
    serde: Option<Ident>,
    limit: Limit,
    /// It has rules.
    validate: Option<Ident>,
    runtime: Runtime,
}

impl Args {
    fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut all =
            Self { wire_type: None, serde: None, limit: Limit::default(), validate: None, runtime: Runtime::default() };
        let before = errors.len();
        args::each(tokens, errors, |input, errors| {
            refuse_bare_string(input)?;
            let name = args::name(input)?;
            match name.to_string().as_str() {
                "type" => {
                    let wire_type = wire_type(input)?;
                    check_wire_type(&wire_type, errors);
                    args::set(&mut all.wire_type, &name, wire_type, errors);
                }
                "serde" => args::set(&mut all.serde, &name, name.clone(), errors),
                "crate" => args::set(&mut all.runtime.0, &name, runtime::value(input)?, errors),
                "validate" => args::set(&mut all.validate, &name, name.clone(), errors),
                "rate" | "burst" | "per" => all.limit.argument(&name, input, errors)?,
                "timeout" | "concurrent" => {
                    args::skip(input)?;
                    let remedy = format!("write `#[message({name} = ..)]` on the method that takes this message");
                    errors.at(&name, format_args!("`{name}` belongs to a message's handler"), remedy);
                }
                _ => {
                    return Err(args::unknown(
                        &name,
                        "#[message]",
                        &["type", "serde", "validate", "rate", "burst", "per", "crate"],
                    ));
                }
            }
            Ok(())
        });
        all.limit.check(errors.len() > before, errors);
        all
    }
}

/// For `#[message("move")]`.
pub fn refuse_bare_string(input: ParseStream) -> syn::Result<()> {
    match input.fork().parse::<LitStr>() {
        Ok(literal) => {
            let text = literal.value();
            Err(syn::Error::new(literal.span(), format!("a message's type has a name\nwrite `type = {text:?}`")))
        }
        Err(_) => Ok(()),
    }
}

/// The string behind `type`.
pub fn wire_type(input: ParseStream) -> syn::Result<LitStr> {
    input.parse::<Token![=]>().map_err(|error| {
        syn::Error::new(error.span(), "a message's type is written with `=`\nwrite `type = \"..\"`")
    })?;
    if !input.peek(LitStr) {
        return Err(input.error("a message's type is a string\nwrite `type = \"..\"`"));
    }
    input.parse()
}

/// The rules for all wire types, on structs and on handlers.
pub fn check_wire_type(literal: &LitStr, errors: &mut Errors) {
    let text = literal.value();
    if text.is_empty() {
        errors.at(literal, "a message's type is not empty", "name what it says: `type = \"move_made\"`");
    } else if text.starts_with('$') {
        errors.at(
            literal,
            format_args!("the type \"{text}\" is reserved"),
            "types that begin with `$` are the framework's",
        );
    } else if text == "success" || text == "error" {
        let remedy = "it is one of the framework's own answers; choose another name";
        errors.at(literal, format_args!("the type \"{text}\" is reserved"), remedy);
    }
}

/// Tells of what is no struct. Where that is a method, what says so to the struct of its channel.
fn no_struct(parsed: &syn::Result<Item>, item: &TokenStream, errors: &mut Errors) -> Option<TokenStream> {
    let message_is_a_struct = "a message is a struct, with its fields as the JSON object's keys";
    match parsed {
        Ok(Item::Enum(item)) => {
            errors.at(&item.ident, message_is_a_struct, "make each of these variants a message of its own");
        }
        Ok(Item::Union(item)) => errors.at(&item.ident, message_is_a_struct, "make this a `struct`"),
        Ok(Item::Fn(item)) if item.sig.receiver().is_some() => return no_handler(&item.sig.ident, errors),
        Ok(Item::Fn(item)) => errors.at(
            &item.sig.ident,
            "a handler stands in an impl block marked `#[channel]`",
            "put `#[channel]` on the impl block, or `#[message]` on a struct",
        ),
        Ok(other) => errors.at(other, message_is_a_struct, "put `#[message(type = \"..\")]` on a struct"),
        Err(_) => match method_name(item) {
            Some(name) => return no_handler(&name, errors),
            None => errors.at(item, message_is_a_struct, "put `#[message(type = \"..\")]` on a struct"),
        },
    }
    None
}

/// A method of an impl block arrives alone where the block itself has no `#[channel]`. That is one mistake, and the first of them
/// tells of it.
fn no_handler(method: &Ident, errors: &mut Errors) -> Option<TokenStream> {
    let unmarked = blocks::unmarked(method)?;
    let Some(channel) = &unmarked.channel else {
        let what = "a handler stands in an impl block marked `#[channel]`";
        errors.at(method, what, "put `#[channel]` on the impl block");
        return None;
    };
    let what = format!("`impl {channel}` has a handler, but no `#[channel]`");
    errors.at(method, what, format_args!("put `#[channel]` on the block: `#[channel] impl {channel} {{ .. }}`"));
    unmarked.is_first.then(|| {
        quote! {
            #[doc(hidden)]
            pub const __CHANNEL_NOT_MARKED: ::core::primitive::bool = true;
        }
    })
}

/// The name of a method, which is no item of its own because of its `self`.
fn method_name(item: &TokenStream) -> Option<Ident> {
    let method: crate::impl_block::Method = syn::parse2(item.clone()).ok()?;
    Some(method.sig.ident)
}

fn refuse_generics(generics: &Generics, errors: &mut Errors) {
    let Some(first) = generics.params.first() else { return };
    match first {
        syn::GenericParam::Lifetime(_) => errors.at(
            &generics.params,
            "a message owns its data, for it is sent to many and outlives what it was read from",
            "take the lifetime away: `String` for `&str`, `Vec<T>` for `&[T]`",
        ),
        _ => errors.at(
            &generics.params,
            "a message has no type parameters: one type on the wire is one struct",
            "write a struct for each of the types that it is used with",
        ),
    }
}

/// `derive(Serialize)` beside our own would be a conflict that doesn't name us.
fn refuse_own_derives(item: &ItemStruct, errors: &mut Errors) {
    for path in derives(item) {
        let last = path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
        if last == "Serialize" || last == "Deserialize" {
            let remedy = "take it away, or write `#[message(type = \"..\", serde)]` to derive both yourself";
            errors.at(&path, format_args!("`#[message]` derives `{last}` already"), remedy);
        }
    }
}

/// Whether the struct derives this trait, as far as its attributes below ours tell.
pub fn has_derive(item: &ItemStruct, name: &str) -> bool {
    derives(item).iter().any(|path| path.segments.last().is_some_and(|segment| segment.ident == name))
}

fn derives(item: &ItemStruct) -> Vec<Path> {
    let list = Punctuated::<Path, Token![,]>::parse_terminated;
    let attrs = item.attrs.iter().filter(|attr| attr.path().is_ident("derive"));
    // What doesn't parse is left for the compiler to explain.
    attrs.filter_map(|attr| attr.parse_args_with(list).ok()).flatten().collect()
}

/// What the message is on the wire, behind its type.
fn shape(item: &ItemStruct, errors: &mut Errors) -> TokenStream {
    let docs = describe::docs(&item.attrs);
    let arguments = serde_arguments(&item.attrs);
    let name = item.ident.unraw().to_string();
    let context = Context { own: Some(Own { ident: &item.ident, name: &name }), recursive: false, opaque: false };
    let container = Container::new(&arguments, context);
    let stands_for = content::stands_for(&arguments, context);
    let tag = content::struct_tag(&item.ident, &arguments);
    if stands_for.is_none()
        && tag.is_none()
        && let Some((types, texts)) = container.plain(&item.fields)
    {
        return quote!(::channel_runtime::private::plain::<(#(#types,)*)>(Self::TYPE, #docs, #texts));
    }
    let names = describe::names();
    let content = match (stands_for, &item.fields) {
        (Some(other), _) => quote!(__s::Content::As(#other)),
        (None, Fields::Unit) => quote!(__s::fields(&[#tag])),
        (None, fields) => container.content(fields, tag, errors),
    };
    quote!({
        #names
        __s::MessageShape { wire_type: Self::TYPE, docs: #docs, content: #content, rate: ::core::option::Option::None }
    })
}

/// The method that holds a message against its rules; that it has some is asked for where `validate` stands.
fn check(item: &ItemStruct, validate: &Ident) -> TokenStream {
    let names = shape::renamed(item).into_iter().map(|(name, key)| quote!((#name, #key)));
    let span = beside_locals(validate.span());
    let checked = quote_spanned!(span=> ::channel_runtime::private::check::<Self>);
    quote! {
        fn check(&self) -> ::core::result::Result<(), ::channel_runtime::DecodeError> {
            #checked(self, &[#(#names),*])
        }
    }
}

fn expand_struct(
    item: &ItemStruct,
    wire_type: &LitStr,
    derive: bool,
    runtime: &Runtime,
    shape: &TokenStream,
    check: Option<TokenStream>,
) -> TokenStream {
    let name = &item.ident;
    let derives = derive.then(|| {
        let names_crate = serde_arguments(&item.attrs).iter().any(|argument| argument.name == "crate");
        // serde reads the path from a text, in which there is no `$crate`.
        let alias = (runtime.is_dollar_crate() && !names_crate).then(|| format_ident!("__serde_for_{}", name.unraw()));
        let path = alias.as_ref().map_or_else(|| "::channel_runtime::private::serde".into(), ToString::to_string);
        let alias = alias.map(|alias| quote!(use ::channel_runtime::private::serde as #alias;));
        let serde = (!names_crate).then(|| quote!(#[serde(crate = #path)]));
        runtime.place(quote! {
            #alias
            #[derive(::channel_runtime::private::serde::Serialize, ::channel_runtime::private::serde::Deserialize)]
            #serde
        })
    });
    let implementation = runtime.place(quote_spanned! {name.span()=>
        #[automatically_derived]
        #[allow(deprecated)]
        impl ::channel_runtime::Message for #name {
            const TYPE: &'static ::core::primitive::str = #wire_type;
            const SHAPE: ::channel_runtime::private::MessageShape = #shape;
            #check
        }
    });
    // Ours stand first, so that no derive behind them finds a `serde` attribute of nobody's.
    quote! {
        #derives
        #item
        #implementation
    }
}

/// The struct without what only our derives would understand.
pub fn without_serde_attributes(item: &ItemStruct) -> ItemStruct {
    let mut item = item.clone();
    let keep = |attr: &Attribute| !attr.path().is_ident("serde");
    item.attrs.retain(keep);
    item.fields.iter_mut().for_each(|field| field.attrs.retain(keep));
    item
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expansion(args: &str, item: &str) -> String {
        expand(args.parse().unwrap(), item.parse().unwrap()).to_string().replace(' ', "")
    }

    #[test]
    fn a_struct_keeps_its_attributes_and_becomes_a_message() {
        let item = "/** A move. */ #[derive(Clone)] #[serde(deny_unknown_fields)] pub struct Move { pub from: String }";
        let expansion = expansion("type = \"move\"", item);
        assert!(!expansion.contains("compile_error"), "{expansion}");
        for part in
            ["Amove.", "derive(Clone)", "serde(deny_unknown_fields)", "TYPE:&'static::core::primitive::str=\"move\""]
        {
            assert!(expansion.contains(part), "{part} in {expansion}");
        }
    }

    #[test]
    fn the_item_survives_every_error() {
        for args in ["", "type = \"\"", "type = 1", "typ = \"x\"", "type", "\"x\"", "="] {
            let expansion = expansion(args, "pub struct Move { pub from: String }");
            assert!(expansion.contains("compile_error"), "{args}");
            assert!(expansion.contains("pubstructMove{pubfrom:String}"), "{args}");
            assert!(expansion.contains("MessageforMove"), "{args}: others still find a message");
        }
    }

    #[test]
    fn the_user_may_derive_serde() {
        let item = "#[derive(serde::Serialize, serde::Deserialize)] struct Move { from: String }";
        assert!(expansion("type = \"move\"", item).contains("compile_error"));
        let own = expansion("type = \"move\", serde", item);
        assert!(!own.contains("compile_error") && !own.contains("private::serde"), "{own}");
    }

    #[test]
    fn a_serde_crate_of_the_user_s_is_respected() {
        let own = expansion("type = \"m\"", "#[serde(crate = \"my_serde\")] struct M { a: u8 }");
        assert_eq!(own.matches("crate=").count(), 1, "{own}");
    }
}
