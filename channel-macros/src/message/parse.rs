//! From attribute and struct to [`Message`], with every error.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::ext::IdentExt as _;
use syn::parse::ParseStream;
use syn::{Fields, Ident, ItemStruct, LitStr, Token, Type};

use super::binary::{self, BinaryArgs};
use super::class::ClassArgs;
use super::derives::{derives, has_derive};
use super::model::{Class, Form, Message, Validation};
use super::object_check;
use super::reserved::{self, Foreign};
use crate::describe;
use crate::describe::content::{self, Container};
use crate::describe::types::{Context, Own};
use crate::syntax::args;
use crate::syntax::deprecated;
use crate::syntax::docs::docs;
use crate::syntax::errors::Errors;
use crate::syntax::rate::Limit;
use crate::syntax::runtime_path::{self, Runtime};
use crate::syntax::serde_attributes::serde_arguments;
use crate::syntax::wire_type;

pub fn message(args: TokenStream, mut item: ItemStruct, errors: &mut Errors) -> Message {
    let args = Args::parse(args, errors);
    let (is_binary, has_codec) = (args.binary.is_binary(), args.binary.has_codec());
    if args.wire_type.is_none() && !args.binary.is_meant() && errors.is_empty() {
        let remedy = "write `#[message(type = \"..\")]`";
        errors.at_span(
            proc_macro2::Span::call_site(),
            format_args!("the message `{}` has no type", item.ident),
            remedy,
        );
    }
    refuse_generics(&item, is_binary && !has_codec, errors);
    let user_derives = args.serde.is_some();
    match (is_binary, has_codec || user_derives) {
        (false, _) => object_check::check(&item, errors),
        (true, true) => object_check::check_binary(&item, errors),
        (true, false) => binary::refuse_serde_attributes(&item, errors),
    }
    let found = if is_binary { Vec::new() } else { reserved::find(&item, args.wire_type.as_ref()) };
    let foreign = reserved::check(&item, args.foreign.as_ref(), found, errors);
    // A type that is `Describe` too has two `TYPE`s, if both traits are imported.
    let wire_type = match &args.wire_type {
        Some(literal) => literal.to_token_stream(),
        None => quote!(<Self as ::channel_runtime::Message>::TYPE),
    };
    let shape = match is_binary && !has_codec {
        true => opaque(&item, &wire_type),
        false => shape(&item, &wire_type, errors),
    };
    let limit = describe::limited(&args.limit);
    if !has_derive(&item.attrs, "Describe") {
        describe::strip(&mut item.fields);
    }
    if !user_derives {
        refuse_own_derives(&item, is_binary, errors);
    }
    let validation = args.validate.map(|at| Validation { at, renamed: object_check::renamed(&item) });
    if let (Some((name, _)), true) = (&args.answer, args.binary.is_meant()) {
        let remedy = "take `answer` away, or write `type = \"..\"` for a text message";
        errors.at(name, "a binary message is no question: nothing in its frame says what is answered", remedy);
    }
    let form = match args.binary.check(&item, args.wire_type.as_ref(), errors) {
        Some(binary) => Some(Form::Binary(Box::new(binary))),
        None => args.wire_type.map(Form::Text),
    };
    let answer = args.answer.and_then(|(_, answer)| answer);
    let foreign = foreign.map(|Foreign { first, type_key }| quote!(.foreign(#first, #type_key)));
    let deprecated = describe::deprecated(deprecated::note(&item.attrs).as_deref());
    let answered = answer.as_ref().map(|answer| {
        let (names, ty) = (describe::names(), Context::default().ty(answer));
        quote!(.answered({ #names #ty }))
    });
    let class = args.class.check(&item, errors);
    let of_class = class.as_ref().map(Class::shape);
    let shape = quote!(#shape #limit #foreign #deprecated #answered #of_class);
    Message { item, form, user_derives, shape, validation, answer, class, runtime: args.runtime }
}

struct Args {
    wire_type: Option<LitStr>,
    binary: BinaryArgs,
    serde: Option<Ident>,
    limit: Limit,
    validate: Option<Ident>,
    /// The type is `None` if it could not be read.
    answer: Option<(Ident, Option<Type>)>,
    foreign: Option<Ident>,
    class: ClassArgs,
    runtime: Runtime,
}

impl Args {
    fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut all = Self {
            wire_type: None,
            binary: BinaryArgs::default(),
            serde: None,
            limit: Limit::default(),
            validate: None,
            answer: None,
            foreign: None,
            class: ClassArgs::default(),
            runtime: Runtime::default(),
        };
        let before = errors.len();
        args::each(tokens, errors, |input, errors| {
            wire_type::refuse_bare_string(input)?;
            let name = args::name(input)?;
            match name.to_string().as_str() {
                "type" => wire_type::argument(&mut all.wire_type, &name, input, errors)?,
                name_of if BinaryArgs::NAMES.contains(&name_of) => all.binary.argument(&name, input, errors)?,
                "serde" => args::set(&mut all.serde, &name, name.clone(), errors),
                "crate" => args::set(&mut all.runtime.0, &name, runtime_path::value(input)?, errors),
                "validate" => args::set(&mut all.validate, &name, name.clone(), errors),
                "answer" => {
                    let read = answer(&name, input);
                    args::set(&mut all.answer, &name, (name.clone(), read.as_ref().ok().cloned()), errors);
                    read?;
                }
                "foreign" => args::set(&mut all.foreign, &name, name.clone(), errors),
                name_of if ClassArgs::NAMES.contains(&name_of) => all.class.argument(&name, input, errors)?,
                "rate" | "burst" | "per" => all.limit.argument(&name, input, errors)?,
                of_handler @ ("timeout" | "concurrent" | "idempotent") => {
                    args::skip(input)?;
                    let value = if of_handler == "idempotent" { "" } else { " = .." };
                    let remedy = format!("write `#[message({name}{value})]` on the method that takes this message");
                    errors.at(&name, format_args!("`{name}` belongs to a message's handler"), remedy);
                }
                of_latest @ ("key" | "every") => {
                    args::skip(input)?;
                    let value = if of_latest == "key" { "symbol" } else { "\"100ms\"" };
                    let remedy = format!("write `latest({of_latest} = {value})`");
                    errors.at(&name, format_args!("`{of_latest}` is an argument of `latest`"), remedy);
                }
                _ => {
                    return Err(args::unknown(
                        &name,
                        "#[message]",
                        &[
                            "type", "binary", "kind", "codec", "serde", "validate", "answer", "foreign", "volatile",
                            "latest", "rate", "burst", "per", "crate",
                        ],
                    ));
                }
            }
            Ok(())
        });
        all.limit.check(errors.len() > before, errors);
        all
    }
}

fn answer(name: &Ident, input: ParseStream) -> syn::Result<Type> {
    let what = "an answer is a type\nname the type of what a client answers: `answer = Started`";
    if !input.peek(Token![=]) {
        return Err(syn::Error::new(name.span(), what));
    }
    input.parse::<Token![=]>()?;
    args::ty(input).map_err(|error| syn::Error::new(error.span(), what))
}

/// What the fallback of an item that is no struct needs: whether it is a binary message, and where the runtime is.
pub fn glance(args: TokenStream) -> (bool, Runtime) {
    let args = Args::parse(args, &mut Errors::default());
    (args.binary.is_meant(), args.runtime)
}

fn refuse_generics(item: &ItemStruct, keeps_bytes: bool, errors: &mut Errors) {
    let generics = &item.generics;
    let Some(first) = generics.params.first() else { return };
    match first {
        syn::GenericParam::Lifetime(_) => errors.at(
            &generics.params,
            "a message owns its data, for it is sent to many and outlives what it was read from",
            match keeps_bytes {
                true => {
                    "take the lifetime away: `Bytes` for `&[u8]`, a part of the frame that is not copied; or `Vec<u8>`"
                }
                false => "take the lifetime away: `String` for `&str`, `Vec<T>` for `&[T]`",
            },
        ),
        _ => errors.at(
            &generics.params,
            "a message has no type parameters: one type on the wire is one struct",
            "write a struct for each of the types that it is used with",
        ),
    }
}

/// A second `Serialize` would be an error of the compiler's that does not mention `#[message]`.
fn refuse_own_derives(item: &ItemStruct, is_binary: bool, errors: &mut Errors) {
    let arguments = if is_binary { "binary, kind = .., serde" } else { "type = \"..\", serde" };
    for path in derives(&item.attrs) {
        let last = path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
        if last == "Serialize" || last == "Deserialize" {
            let remedy = format!("take it away, or write `#[message({arguments})]` to derive both yourself");
            errors.at(&path, format_args!("`#[message]` derives `{last}` already"), remedy);
        }
    }
}

/// The struct's name and its docs, in the one text that `MessageShape` has for both.
fn about(item: &ItemStruct) -> String {
    format!("{}\0{}", item.ident.unraw(), docs(&item.attrs))
}

/// The `MessageShape` of a message whose bytes are known to its own functions alone.
fn opaque(item: &ItemStruct, wire_type: &TokenStream) -> TokenStream {
    let (names, about) = (describe::names(), about(item));
    let content = quote!(__s::Content::As(__s::Type::Opaque("bytes")));
    quote!({
        #names
        __s::MessageShape::new(#wire_type, #about, #content)
    })
}

fn shape(item: &ItemStruct, wire_type: &TokenStream, errors: &mut Errors) -> TokenStream {
    let about = about(item);
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
        return quote!(::channel_runtime::private::plain::<(#(#types,)*)>(#wire_type, #about, #texts));
    }
    let names = describe::names();
    let content = match (stands_for, &item.fields) {
        (Some(other), _) => quote!(__s::Content::As(#other)),
        (None, Fields::Unit) => quote!(__s::fields(&[#tag])),
        (None, fields) => container.content(fields, tag, errors),
    };
    quote!({
        #names
        __s::MessageShape::new(#wire_type, #about, #content)
    })
}
