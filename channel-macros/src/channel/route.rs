//! The struct's half: path, app, kinds of room, and what each field is made from.

use std::collections::HashMap;

use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::{Attribute, Expr, Field, Fields, Ident, ItemStruct, LitStr, Meta, Type, Visibility};

use super::rooms::{self, Listed, RoomKind};
use crate::args;
use crate::describe::docs;
use crate::durations;
use crate::errors::Errors;
use crate::names::{closest, one_of};
use crate::pattern::Pattern;
use crate::runtime::{self, Runtime};
use crate::spans::{first_type, last_segment, text};

const ARGUMENTS: &[&str] = &["app", "rooms", "room_state", "room_grace", "crate"];

/// A channel's struct. After an error it holds what could be told.
pub struct Route {
    pub name: Ident,
    pub docs: String,
    pub vis: Visibility,
    pub pattern: Option<Pattern>,
    pub app: Option<Type>,
    pub room_state: Option<Type>,
    /// How long an empty room stays open.
    /// In milliseconds.
    pub room_grace: Option<u64>,
    pub rooms: Vec<RoomKind>,
    /// The fields that take a path parameter, in the order of the path.
    pub params: Vec<Param>,
    /// All other fields.
    pub fields: Vec<OtherField>,
    pub has_generics: bool,
    pub runtime: Runtime,
}

pub struct Param {
    pub name: Ident,
    pub docs: String,
    pub ty: Type,
}

pub struct OtherField {
    pub name: Ident,
    pub ty: Type,
    pub cfgs: Vec<Attribute>,
    pub source: Source,
}

pub enum Source {
    Extract,
    /// `Default` where there is no expression.
    State(Option<Expr>),
}

/// Reads attribute and struct; the struct comes back without our attributes on its fields.
pub fn parse(args: TokenStream, mut item: ItemStruct, errors: &mut Errors) -> (ItemStruct, Route) {
    let args = Args::parse(args, errors);
    let mut route = Route {
        name: item.ident.clone(),
        docs: docs(&item.attrs),
        vis: item.vis.clone(),
        pattern: args.path.map(|path| Pattern::parse(path, errors)),
        app: args.app,
        room_state: args.room_state,
        room_grace: args.room_grace,
        rooms: rooms::kinds(args.rooms, errors),
        params: Vec::new(),
        fields: Vec::new(),
        has_generics: !item.generics.params.is_empty(),
        runtime: Runtime(args.runtime),
    };
    if route.pattern.is_none() && errors.is_empty() {
        let what = format!("the channel `{}` has no path", route.name);
        errors.at_span(proc_macro2::Span::call_site(), what, "write `#[channel(\"/path\")]`");
    }
    if route.has_generics {
        let what = "a channel has no type parameters or lifetimes: each connection owns its value";
        errors.at(&item.generics.params, what, "take them away, or write a channel for each of the types");
    }
    match &mut item.fields {
        Fields::Named(fields) => {
            let fields = fields.named.iter_mut().filter_map(|field| take_field(field, errors)).collect();
            sort_fields(fields, &mut route, errors);
        }
        Fields::Unit => sort_fields(Vec::new(), &mut route, errors),
        Fields::Unnamed(fields) => {
            let remedy = "name them: `{ game_id: GameId, .. }`";
            errors.at(&*fields, "a channel's fields have names, for each says what it is made from", remedy);
        }
    }
    (item, route)
}

struct Args {
    path: Option<LitStr>,
    app: Option<Type>,
    room_state: Option<Type>,
    room_grace: Option<u64>,
    rooms: Vec<Listed>,
    runtime: Option<syn::Path>,
}

impl Args {
    fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let (rooms, room_grace) = (Vec::new(), None);
        let mut all = Self { path: None, app: None, room_state: None, room_grace, rooms, runtime: None };
        args::each(tokens, errors, |input, errors| {
            if input.peek(syn::Lit) {
                if !input.peek(LitStr) {
                    return Err(input.error("a channel's path is a string\nwrite `#[channel(\"/path\")]`"));
                }
                let path = input.parse::<LitStr>()?;
                if all.path.is_some() {
                    let remedy = "write a second channel for the second path";
                    errors.at(path, "a channel has one path", remedy);
                } else {
                    all.path = Some(path);
                }
                return Ok(());
            }
            let name = args::name(input)?;
            match name.to_string().as_str() {
                "app" => args::set(&mut all.app, &name, args::value(input)?, errors),
                "room_state" => args::set(&mut all.room_state, &name, args::value(input)?, errors),
                "room_grace" => {
                    let what = "how long an empty room stays open";
                    args::set(&mut all.room_grace, &name, durations::value(&name, what, "30s", input)?, errors)
                }
                "rooms" => all.rooms.extend(args::list::<Listed>(&name, input, errors)?),
                "crate" => args::set(&mut all.runtime, &name, runtime::value(input)?, errors),
                "sends" | "receives" => {
                    input.parse::<Option<proc_macro2::Group>>()?;
                    let remedy = format!("write `#[channel({name}(..))]` on the impl block");
                    errors.at(&name, format_args!("`{name}(..)` belongs to what the channel does"), remedy);
                }
                _ => return Err(args::unknown(&name, "#[channel]", ARGUMENTS)),
            }
            Ok(())
        });
        all
    }
}

/// A field with what its attribute says.
struct Marked {
    name: Ident,
    docs: String,
    ty: Type,
    cfgs: Vec<Attribute>,
    source: Option<Source>,
}

/// Takes our attributes off a field.
fn take_field(field: &mut Field, errors: &mut Errors) -> Option<Marked> {
    let mut source = None;
    for attr in field.attrs.extract_if(.., |attr| is_marker(attr, "extract") || is_marker(attr, "state")) {
        let found =
            if is_marker(&attr, "extract") { extract_marker(&attr, errors) } else { state_marker(&attr, errors) };
        if source.is_some() {
            let remedy = "keep one of `#[extract]` and `#[state]`";
            errors.at(&attr, "a field is made from one thing", remedy);
        }
        source = source.or(found);
    }
    Some(Marked {
        name: field.ident.clone()?,
        docs: docs(&field.attrs),
        ty: field.ty.clone(),
        cfgs: field.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).cloned().collect(),
        source,
    })
}

fn is_marker(attr: &Attribute, name: &str) -> bool {
    attr.path().is_ident(name)
}

fn extract_marker(attr: &Attribute, errors: &mut Errors) -> Option<Source> {
    if !matches!(attr.meta, Meta::Path(_)) {
        errors.at(
            &attr.meta,
            "`#[extract]` has no arguments",
            "what to extract is the field's type: write `#[extract]`",
        );
    }
    Some(Source::Extract)
}

fn state_marker(attr: &Attribute, errors: &mut Errors) -> Option<Source> {
    match &attr.meta {
        Meta::Path(_) => Some(Source::State(None)),
        Meta::List(list) if !list.tokens.is_empty() && matches!(list.delimiter, syn::MacroDelimiter::Paren(_)) => {
            Some(Source::State(errors.take(list.parse_args())))
        }
        Meta::NameValue(value) => {
            let expr = value.value.to_token_stream();
            let what = "the first value of a `#[state]` field stands in parentheses";
            errors.at(&attr.meta, what, format_args!("write `#[state({expr})]`"));
            Some(Source::State(None))
        }
        Meta::List(list) => {
            errors.at(
                list,
                "`#[state(..)]` without a value",
                "write `#[state]` for the type's `Default`, or `#[state(value)]`",
            );
            Some(Source::State(None))
        }
    }
}

/// Tells the path's parameters from other fields, and finds each for each.
fn sort_fields(marked: Vec<Marked>, route: &mut Route, errors: &mut Errors) {
    let mut unmarked: HashMap<String, Param> = HashMap::new();
    let names: Vec<String> = route.pattern.iter().flat_map(Pattern::params).map(str::to_owned).collect();
    let renamed = misnamed(&marked, &names);
    for Marked { name, docs, ty, cfgs, source } in marked {
        let plain = name.unraw().to_string();
        let is_param = names.contains(&plain);
        match source {
            Some(source) => {
                if is_param {
                    let what = format!("the field `{name}` is made from the path's `:{plain}`");
                    errors.at(&name, what, "take its attribute away, or give the parameter or the field another name");
                }
                route.fields.push(OtherField { name, ty, cfgs, source });
            }
            None => {
                if is_param && let Some(cfg) = cfgs.first() {
                    let what = format!("the field of a path's parameter, `:{plain}`, is always there");
                    errors.at(cfg, what, "take the `cfg` away");
                } else if !is_param && route.pattern.is_some() {
                    match &renamed {
                        _ if is_extractor(&ty) => unmarked_extractor(&name, &ty, errors),
                        Some(param) => misnamed_field(&name, &plain, param, errors),
                        None => unmade_field(&name, &plain, &names, route, errors),
                    }
                }
                unmarked.insert(plain, Param { name, docs, ty });
            }
        }
    }
    let others: Vec<String> = route.fields.iter().map(|field| field.name.unraw().to_string()).collect();
    for name in &names {
        match unmarked.remove(name) {
            Some(param) => route.params.push(param),
            // Told above, at the field.
            None if others.contains(name) || renamed.as_ref() == Some(name) => {}
            None if unmarked.keys().any(|field| !names.contains(field) && is_meant(field, name)) => {}
            None => {
                let literal = route.pattern.as_ref().map(|pattern| &pattern.literal);
                let what = format!("`{}` has no field for the path's parameter `:{name}`", route.name);
                errors.at(
                    literal,
                    what,
                    format_args!("add one: `{}: String`, or any type that is `FromStr` and `Display`", as_field(name)),
                );
            }
        }
    }
}

/// The parameter that the one field without a parameter is meant for: the one without a field.
fn misnamed(marked: &[Marked], params: &[String]) -> Option<String> {
    let plain = |marked: &Marked| marked.name.unraw().to_string();
    let lacks_field = |param: &&String| !marked.iter().any(|marked| plain(marked) == **param);
    let lacks_param =
        |marked: &&Marked| marked.source.is_none() && !params.contains(&plain(marked)) && !is_extractor(&marked.ty);
    let ([param], [field]) = (
        &params.iter().filter(lacks_field).collect::<Vec<_>>()[..],
        &marked.iter().filter(lacks_param).collect::<Vec<_>>()[..],
    ) else {
        return None;
    };
    (!is_meant(&plain(field), param)).then(|| (*param).clone())
}

fn misnamed_field(name: &Ident, plain: &str, param: &str, errors: &mut Errors) {
    let what = format!("the field `{plain}` is no parameter of the path, and its `:{param}` has no field");
    let remedy = format!(
        "name it `{}` if that is what it is; else add `{0}: String`, and mark this one {}",
        as_field(param),
        one_of(&["#[extract]", "#[state]"])
    );
    errors.at_span(name.span(), what, remedy);
}

/// The error for a field that is neither a parameter nor marked.
fn unmade_field(name: &Ident, plain: &str, params: &[String], route: &Route, errors: &mut Errors) {
    let pattern = route.pattern.as_ref().map(|pattern| pattern.literal.value()).unwrap_or_default();
    let what = format!("the path \"{pattern}\" has no parameter `:{plain}`");
    let remedy = match params.iter().find(|param| is_meant(plain, param)) {
        Some(meant) => format!("did you mean `{}`?", as_field(meant)),
        None => format!(
            "mark the field `#[extract]` if it is made from the handshake, as `Auth<User>` is, and `#[state]` if it is the \
             connection's own; or put `:{plain}` into the path"
        ),
    };
    errors.at_span(name.span(), what, remedy);
}

/// The error for a field whose type, one of ours, can only be extracted.
fn unmarked_extractor(name: &Ident, ty: &Type, errors: &mut Errors) {
    let what = format!("the field `{name}` is made from the handshake, and is not marked so");
    errors.at_span(name.span(), what, format_args!("write `#[extract] {name}: {}`", text(ty)));
}

/// Whether it is written as an extractor of ours, or as an `Option` of one.
fn is_extractor(ty: &Type) -> bool {
    let Some(segment) = last_segment(ty) else { return false };
    match first_type(segment) {
        Some(inner) if segment.ident == "Option" => is_extractor(inner),
        Some(_) => segment.ident == "Auth" || segment.ident == "Jwt",
        None => segment.ident == "Handshake",
    }
}

/// Whether a field is probably a slip of the pen for this parameter.
fn is_meant(field: &str, param: &str) -> bool {
    closest(field, [param]).is_some()
}

/// A parameter's name as its field is written.
fn as_field(name: &str) -> String {
    match syn::parse_str::<Ident>(name) {
        Ok(_) => name.into(),
        Err(_) => format!("r#{name}"),
    }
}
